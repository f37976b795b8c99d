"""The rule of 1997 forward in time against autograd, which goes back: alike where weights hardly change on the way."""

from pathlib import Path

import pytest
import torch

from dlbench.data.embedded_reber import embedded_reber
from dlbench.errors import InputError
from dlbench.models.lstm_1997 import lstm_1997
from dlbench.models.lstm_1997_hidden_out import lstm_1997_hidden_out
from dlbench.models.tanh_rnn import tanh_rnn
from dlbench.training.losses import squared_error
from dlbench.training.truncated_gradient_online import truncated_gradient_online

REBER = {"inputs": 7, "outputs": 7, "when": "every_step"}
NETS = {"cells": lstm_1997, "all biased": lstm_1997, "hidden": lstm_1997_hidden_out}


def reber(n=40):
    return embedded_reber(Path("/nowhere"), train_examples=n, test_examples=5)


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


def built(kind, **values):
    biases = {"cells": {"biases": "gates"}, "all biased": {"biases": "all"}}.get(kind, {})
    return NETS[kind](**REBER, **biases, **values)


def taught(kind, lr, **values):
    """How far the first string moves each parameter, divided by the rate; the gradient it began with; both losses."""
    torch.manual_seed(0)
    net, data = built(kind, init_range=1.0, **values), reber()
    before = [weights.detach().clone() for weights in net.parameters()]
    shown = torch.randperm(len(data.train), generator=generator())[-1:]
    loss = squared_error(net(data.train.inputs[shown]), data.train.targets[shown])
    gradient = torch.autograd.grad(loss, list(net.parameters()))
    step = next(truncated_gradient_online(net, data, generator(), lr=lr, sequences=1))
    moved = [(old - new.detach()) / lr for old, new in zip(before, net.parameters(), strict=True)]
    return moved, gradient, step.loss, loss.detach()


@pytest.mark.parametrize("kind", NETS)
@pytest.mark.parametrize(("blocks", "size"), [(2, 2), (3, 1)])
def test_a_sequence_changes_weights_along_the_truncated_gradient(kind, blocks, size) -> None:
    moved, gradient, loss, expected = taught(kind, 1e-3, blocks=blocks, size=size)
    torch.testing.assert_close(loss, expected, atol=0, rtol=0.01)
    torch.testing.assert_close(moved, list(gradient), atol=3e-3, rtol=0.01)


@pytest.mark.parametrize("kind", NETS)
def test_weights_change_before_the_next_symbol(kind) -> None:
    """At a high rate a string does not move them along the gradient of the weights it began with."""
    moved, gradient, _, _ = taught(kind, 0.5, blocks=2, size=2)
    for way, straight in zip(moved, gradient, strict=True):
        assert float((way - straight).norm() / straight.norm()) > 0.01


def test_the_gates_tell_the_output_units_what_came() -> None:
    net = lstm_1997_hidden_out(**REBER, blocks=3, size=2, output_gate_biases=[-1.0, -2.0, -3.0])
    assert sum(weights.numel() for weights in net.parameters()) == 12 * 19 + 6 + 7 * 13 == 325
    assert net.bias[3:].tolist() == [-1.0, -2.0, -3.0]
    with pytest.raises(ValueError, match="one for each block"):
        lstm_1997_hidden_out(**REBER, blocks=3, size=2, output_gate_biases=[-1.0])


def test_refuses_other_models_and_what_is_not_positive() -> None:
    net, at_end = built("cells", blocks=2, size=1), lstm_1997(inputs=7, outputs=7, blocks=1, size=1)
    for other, why in ((tanh_rnn(inputs=7, hidden=2, outputs=7), "not TanhRNN"), (at_end, "when: every_step")):
        with pytest.raises(InputError, match=why):
            next(truncated_gradient_online(other, reber(), generator(), lr=0.1, sequences=1))
    for values in ({"lr": 0.0, "sequences": 1}, {"lr": 0.1, "sequences": 0}):
        with pytest.raises(InputError, match="must be positive"):
            next(truncated_gradient_online(net, reber(), generator(), **values))
