"""One net with smaller weights, and averages of nets that dropout draws."""

import pytest
import torch

from dlbench.data.dataset import Dataset, Examples
from dlbench.models.dropout_net import DropoutNet, dropout_net
from dlbench.scores.classification_error import classification_error
from dlbench.scores.thinned_nets import thinned_nets


@pytest.fixture
def data() -> Dataset:
    torch.manual_seed(0)
    train, test = (Examples(torch.rand(count, 1, 28, 28), torch.arange(count) % 10) for count in (20, 400))
    return Dataset(train, test, tuple("0123456789"), torch.tensor(0.0), torch.tensor(1.0))


def test_averages_of_a_linear_net_come_to_what_smaller_weights_say(data: Dataset) -> None:
    """Without a hidden layer weight scaling is all but exact, so that many thinned nets agree with it."""
    torch.manual_seed(1)
    net = DropoutNet(sizes=(784, 10), retained=(0.9,))
    scores = thinned_nets(net, data, data.test, counts=[1, 200])
    guesses = net.eval()(data.test.inputs).argmax(1)
    assert scores["error_percent"] == pytest.approx(100 * float((guesses != data.test.targets).float().mean()))
    assert scores["agreement_percent"] > 95
    one = thinned_nets(net, data, data.test, counts=[1])
    assert one["agreement_percent"] < scores["agreement_percent"]


def test_the_training_examples_are_only_scored_and_modes_are_given_back(data: Dataset) -> None:
    net = dropout_net(units=8).train()
    assert thinned_nets(net, data, data.train) == classification_error(net, data, data.train)
    thinned_nets(net, data, data.test, counts=[2])
    assert all(module.training for module in net.modules())


def test_a_net_without_dropout_is_refused(data: Dataset) -> None:
    with pytest.raises(ValueError, match="has none"):
        thinned_nets(dropout_net(units=8, retain_inputs=1.0, retain_hidden=1.0), data, data.test)
