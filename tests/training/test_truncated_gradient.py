"""The rule of 1997 against autograd, which is told by `detach` where the gradient ends."""

from pathlib import Path

import pytest
import torch

from dlbench.data.adding_problem import adding_problem
from dlbench.data.embedded_reber import embedded_reber
from dlbench.errors import InputError
from dlbench.models.constant import constant
from dlbench.models.lstm_1997 import lstm_1997
from dlbench.models.tanh_rnn import tanh_rnn
from dlbench.training.losses import squared_error
from dlbench.training.mean_target import mean_target
from dlbench.training.no_learning import no_learning
from dlbench.training.truncated_gradient import truncated_gradient

NOWHERE = Path("/nowhere")
ADDING = {"inputs": 2, "outputs": 1}
REBER = {"inputs": 7, "outputs": 7, "when": "every_step", "biases": "gates"}


def adding(n=40):
    return adding_problem(NOWHERE, length=20, train_examples=n, test_examples=5)


def reber(n=40):
    return embedded_reber(NOWHERE, train_examples=n, test_examples=5)


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


@pytest.mark.parametrize(("data", "task"), [(adding(), ADDING), (reber(), REBER)])
@pytest.mark.parametrize(("blocks", "size"), [(2, 2), (3, 1)])
def test_one_step_follows_autograds_truncated_gradient(data, task, blocks, size) -> None:
    torch.manual_seed(0)
    net = lstm_1997(**task, blocks=blocks, size=size, init_range=1.0)
    before = [weights.detach().clone() for weights in net.parameters()]
    shown = torch.randperm(len(data.train), generator=generator())[-1:]
    loss = squared_error(net(data.train.inputs[shown]), data.train.targets[shown])
    expected = torch.autograd.grad(loss, list(net.parameters()))
    step = next(truncated_gradient(net, data, generator(), lr=0.01, sequences=1))
    torch.testing.assert_close(step.loss, loss.detach())
    for old, new, gradient in zip(before, net.parameters(), expected, strict=True):
        torch.testing.assert_close((old - new.detach()) / 0.01, gradient, atol=2e-5, rtol=1e-4)


def test_every_epoch_shows_each_sequence_once() -> None:
    """With a rate of next to nothing the losses of one epoch are those of the data, in some order."""
    net, data = lstm_1997(**ADDING, blocks=2, size=2), adding(12)
    steps = list(truncated_gradient(net, data, generator(), lr=1e-9, sequences=24))
    assert [(step.number, step.of, step.examples) for step in steps] == [(n, 24, 1) for n in range(1, 25)]
    errors = net(data.train.inputs) - data.train.targets
    expected = sorted((0.5 * errors.square()[:, 0]).tolist())
    first, second = ([float(step.loss) for step in steps[part]] for part in (slice(12), slice(12, 24)))
    assert sorted(first) == pytest.approx(expected, rel=1e-4)
    assert sorted(second) == pytest.approx(expected, rel=1e-4)
    assert first != second


def test_it_stops_after_so_many_right_in_a_row() -> None:
    net, data = lstm_1997(**ADDING, blocks=2, size=2), adding()
    rule = {"lr": 1e-9, "sequences": 100}
    assert len(list(truncated_gradient(net, data, generator(), **rule, stop_after_right=7, right_within=2.0))) == 7
    assert len(list(truncated_gradient(net, data, generator(), **rule, stop_after_right=7, right_within=1e-9))) == 100


def test_the_same_seed_gives_the_same_weights_bit_for_bit() -> None:
    nets = []
    for _ in range(2):
        torch.manual_seed(3)
        net = lstm_1997(**REBER, blocks=2, size=2)
        list(truncated_gradient(net, reber(), generator(), lr=0.5, sequences=30))
        nets.append(net)
    assert all(torch.equal(a, b) for a, b in zip(*(net.parameters() for net in nets), strict=True))


def test_it_learns_a_short_lag() -> None:
    """After 3000 strings of a grammar its predictions are much better than after 100."""
    torch.manual_seed(0)
    net = lstm_1997(**REBER, blocks=3, size=2, init_range=0.2, output_gate_biases=[-1.0, -2.0, -3.0])
    losses = [float(step.loss) for step in truncated_gradient(net, reber(256), generator(), lr=0.5, sequences=3000)]
    assert sum(losses[-100:]) < 0.75 * sum(losses[:100])


def test_what_it_cannot_teach() -> None:
    net = tanh_rnn(inputs=2, hidden=3, outputs=1)
    with pytest.raises(InputError, match="teaches lstm_1997, not TanhRNN"):
        next(truncated_gradient(net, adding(), generator(), lr=0.5, sequences=1))
    with pytest.raises(InputError, match="positive"):
        next(truncated_gradient(lstm_1997(**ADDING, blocks=1, size=1), adding(), generator(), lr=0.0, sequences=1))


def test_the_mean_is_the_best_constant() -> None:
    data, model = adding(200), constant()
    (step,) = mean_target(model, data, generator())
    assert float(model(data.train.inputs[:3])[0, 0].detach()) == pytest.approx(float(data.train.targets.mean()))
    assert float(step.loss) == pytest.approx(float(data.train.targets.var(correction=0)) / 2)
    with pytest.raises(InputError, match="of 1 outputs"):
        next(mean_target(constant(outputs=2), data, generator()))


def test_untrained_leaves_everything_as_it_is() -> None:
    net = tanh_rnn(inputs=2, hidden=3, outputs=1)
    before = [weights.detach().clone() for weights in net.parameters()]
    (step,) = no_learning(net, adding(), generator())
    assert (step.number, step.of, step.examples, float(step.loss)) == (1, 1, 0, 0.0)
    assert all(torch.equal(a, b) for a, b in zip(before, net.parameters(), strict=True))
