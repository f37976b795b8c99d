"""Recurrent nets: weight counts, what they compute, and what their gradients reach."""

import pytest
import torch
from torch import nn

from dlbench.measure import operations
from dlbench.models.constant import constant
from dlbench.models.lstm_1997 import g, h, lstm_1997
from dlbench.models.lstm_modern import lstm_modern
from dlbench.models.readout import Readout, last_steps
from dlbench.models.tanh_rnn import tanh_rnn


def sequences(n=3, steps=7, width=2, seed=0):
    """Of different lengths: the first has all steps, each further one a step less."""
    inputs = torch.randn(n, steps, width, generator=torch.Generator().manual_seed(seed))
    for row in range(n):
        inputs[row, steps - row :] = 0
    return inputs


@pytest.mark.parametrize(
    ("inputs", "blocks", "size", "outputs", "biases", "weights"),
    [  # Hochreiter & Schmidhuber 1997
        (2, 2, 2, 1, "all", 93),  # Table 7, adding
        (8, 2, 2, 4, "all", 156),  # Table 9, temporal order 6a
        (8, 3, 2, 8, "all", 308),  # Table 9, temporal order 6b
        (7, 4, 1, 7, "gates", 264),  # Table 1, embedded Reber
        (7, 3, 2, 7, "gates", 276),
    ],
)
def test_the_weights_of_1997(inputs, blocks, size, outputs, biases, weights) -> None:
    net = lstm_1997(inputs=inputs, blocks=blocks, size=size, outputs=outputs, biases=biases)
    assert operations.parameters(net) == weights


def test_the_weights_of_the_other_nets() -> None:
    # Hochreiter & Schmidhuber 1997, Table 1: Elman's net of 15 hidden units has about 435.
    assert operations.parameters(tanh_rnn(inputs=7, hidden=15, outputs=7, bias=False)) == 435
    assert operations.parameters(tanh_rnn(inputs=2, hidden=18, outputs=1)) == (2 + 18 + 1) * 18 + 19
    assert operations.parameters(lstm_modern(inputs=2, hidden=8, outputs=1)) == 4 * 8 * (2 + 8 + 2) + 9
    assert operations.parameters(constant()) == 1


def test_the_cell_of_1997_by_its_equations() -> None:
    """One block of two cells, written out unit by unit in Python's own arithmetic (section 4)."""
    torch.manual_seed(0)
    net = lstm_1997(inputs=2, blocks=1, size=2, outputs=1, init_range=1.0, when="every_step")
    inputs = sequences(n=1)
    weight, bias = net.weight.detach(), net.bias.detach()
    state, before, expected = torch.zeros(2), torch.zeros(4), []
    for x in inputs[0]:
        sums = weight @ torch.cat([x, before]) + bias
        gate_in, gate_out = torch.sigmoid(sums[2]), torch.sigmoid(sums[3])
        state = state + gate_in * (4 * torch.sigmoid(sums[:2]) - 2)
        shown = gate_out * (2 * torch.sigmoid(state) - 1)
        before = torch.cat([shown, gate_in[None], gate_out[None]])
        expected.append(torch.sigmoid(net.readout.linear(shown)))
    torch.testing.assert_close(net(inputs)[0], torch.cat(expected))


def test_the_squashing_functions_of_1997() -> None:
    x = torch.linspace(-8, 8, 33)
    torch.testing.assert_close(g(x), 4 * torch.sigmoid(x) - 2)
    torch.testing.assert_close(h(x), 2 * torch.sigmoid(x) - 1)


def test_gate_biases_of_1997_stand_one_a_block() -> None:
    net = lstm_1997(inputs=2, blocks=2, size=2, outputs=1, input_gate_biases=[-3.0, -6.0])
    assert net.bias[4:6].tolist() == [-3, -6]
    assert net.bias[6:].abs().max() <= 0.1
    gates = lstm_1997(
        inputs=7, blocks=3, size=2, outputs=7, biases="gates", output_gate_biases=[-1.0, -2.0, -3.0], init_range=0.2
    )
    assert gates.bias[3:].tolist() == [-1, -2, -3]
    assert gates.unit_biases[:6].tolist() == [0] * 6
    with pytest.raises(ValueError, match="one for each block"):
        lstm_1997(inputs=2, blocks=2, size=2, outputs=1, input_gate_biases=[-3.0])


def test_error_flow_through_a_closed_cell_is_constant() -> None:
    """What enters a state reaches the end undiminished, whatever the lag."""
    torch.manual_seed(0)
    net = lstm_1997(inputs=2, blocks=1, size=1, outputs=1, init_range=0.5)
    inputs = torch.full((1, 60, 2), 0.01).requires_grad_()
    (gradient,) = torch.autograd.grad(net(inputs).sum(), inputs)
    norms = gradient[0].norm(dim=1)
    assert float(norms[:-1].max() / norms[:-1].min()) < 1.5


def test_the_truncated_gradient_goes_no_further_than_the_net_inputs() -> None:
    full, truncated = (
        lstm_1997(inputs=2, blocks=2, size=2, outputs=1, init_range=1.0, gradient=kind)
        for kind in ("full", "truncated")
    )
    truncated.load_state_dict(full.state_dict())
    inputs = sequences()
    torch.testing.assert_close(full(inputs), truncated(inputs))
    gradients = [torch.autograd.grad(net(inputs).sum(), net.weight)[0] for net in (full, truncated)]
    assert not torch.allclose(*gradients)


def test_a_one_step_gradient_does_not_see_what_lies_further_back() -> None:
    inputs = sequences(n=1).requires_grad_()
    for kind, reaches in (("one_step", False), ("full", True)):
        net = tanh_rnn(inputs=2, hidden=5, outputs=1, gradient=kind)
        (gradient,) = torch.autograd.grad(net(inputs).sum(), inputs)
        assert bool(gradient[0, :-1].any()) is reaches
        assert gradient[0, -1].any()


def test_the_tanh_net_is_torchs() -> None:
    net = tanh_rnn(inputs=2, hidden=5, outputs=1, recurrent="orthogonal", when="every_step")
    torchs = nn.RNN(2, 5, batch_first=True)
    with torch.no_grad():
        torchs.weight_ih_l0.copy_(net.into.weight)
        torchs.weight_hh_l0.copy_(net.recurrent.weight)
        torchs.bias_ih_l0.copy_(net.into.bias)
        torchs.bias_hh_l0.zero_()
    inputs = sequences(n=1)
    torch.testing.assert_close(net(inputs), net.readout.linear(torchs(inputs)[0]).flatten(1))
    rotation = net.recurrent.weight.detach()
    torch.testing.assert_close(rotation @ rotation.T, torch.eye(5))


def test_the_modern_cell_by_the_equations_in_its_file() -> None:
    torch.manual_seed(0)
    net = lstm_modern(inputs=2, hidden=3, outputs=1)
    inputs = sequences(n=1)
    lstm = net.lstm
    hidden = cell = torch.zeros(3)
    for x in inputs[0]:
        sums = lstm.weight_ih_l0 @ x + lstm.bias_ih_l0 + lstm.weight_hh_l0 @ hidden + lstm.bias_hh_l0
        i, f, new, o = sums.chunk(4)
        cell = torch.sigmoid(f) * cell + torch.sigmoid(i) * torch.tanh(new)
        hidden = torch.sigmoid(o) * torch.tanh(cell)
    torch.testing.assert_close(net(inputs)[0], net.readout.linear(hidden))
    bias = (lstm.bias_ih_l0 + lstm.bias_hh_l0).tolist()
    assert bias == [0] * 3 + [1] * 3 + [0] * 6, "the forget gates are open at first"


@pytest.mark.parametrize("kind", [tanh_rnn, lstm_modern])
def test_what_comes_after_the_end_changes_nothing(kind) -> None:
    net = kind(inputs=2, hidden=4, outputs=3)
    inputs = sequences()
    for row in range(3):
        alone = inputs[row : row + 1, : 7 - row]
        torch.testing.assert_close(net(inputs)[row : row + 1], net(alone))


def test_the_readout_at_every_step_is_zero_after_the_end() -> None:
    inputs = sequences()
    assert last_steps(inputs).tolist() == [6, 5, 4]
    readout = Readout(4, 3, when="every_step", logistic=True)
    outputs = readout(torch.randn(3, 7, 4), inputs).view(3, 7, 3)
    assert [int(row.any(1).sum()) for row in outputs] == [7, 6, 5]
    assert outputs[0].min() > 0
    assert last_steps(torch.zeros(1, 4, 2)).tolist() == [0]
