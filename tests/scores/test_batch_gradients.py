"""The gradient of a batch against that of all examples."""

import pytest
import torch
import torch.nn.functional as F

from dlbench.data.dataset import Dataset, Examples
from dlbench.models.mlp import mlp
from dlbench.scores.batch_gradients import _by_example, batch_gradients


@pytest.fixture
def data() -> Dataset:
    torch.manual_seed(0)
    examples = Examples(torch.randn(64, 5), torch.arange(64) % 3)
    return Dataset(examples, None, tuple("abc"), torch.tensor(0.0), torch.tensor(1.0))


def test_an_example_s_gradient_is_torch_s(data: Dataset) -> None:
    net = mlp(sizes=[5, 4, 3], activation="tanh")
    rows = _by_example(net, data.train.inputs, data.train.targets)
    for number in (0, 7):
        net.zero_grad()
        F.cross_entropy(net(data.train.inputs[number : number + 1]), data.train.targets[number : number + 1]).backward()
        expected = torch.cat([parameter.grad.flatten() for parameter in net.parameters()])
        torch.testing.assert_close(rows[number], expected)


def test_the_error_of_an_estimate_falls_as_the_root_of_the_batch(data: Dataset) -> None:
    torch.manual_seed(0)
    scores = batch_gradients(mlp(sizes=[5, 4, 3], activation="tanh"), data, data.train, sizes=[4, 64], draws=2000)
    assert scores["batch_4_relative_error"] / scores["batch_64_relative_error"] == pytest.approx(4, rel=0.05)
    assert scores["epoch_relative_error"] < 1e-10  # 64 examples are four whole batches


def test_other_examples_are_only_scored(data: Dataset) -> None:
    others = Examples(data.train.inputs.clone(), data.train.targets)
    assert "epoch_relative_error" not in batch_gradients(mlp(sizes=[5, 4, 3]), data, others)
