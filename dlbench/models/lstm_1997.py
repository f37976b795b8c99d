"""Long short-term memory as it was in 1997: memory cells in blocks, two gates a block, nothing that forgets.

Hochreiter and Schmidhuber: Long Short-Term Memory, Neural Computation 9(8), 1997, section 4 and appendix A.1. The cell
of today is `lstm_modern`.

    in, out = logistic(net)                      one input gate and one output gate a block, shared by its cells
    s(t) = s(t - 1) + in g(net),   s(0) = 0      the constant error carousel: weight 1, no forget gate
    y(t) = out h(s(t))
    g(x) = 4 logistic(x) - 2 in [-2, 2],   h(x) = 2 logistic(x) - 1 in [-1, 1]

net is a weighted sum of the inputs and of all hidden units one step before, gates included; the logistic output units
see the cells only. With `blocks` of `size` cells there are units = blocks (size + 2) hidden units, and

    units (inputs + units) + outputs blocks size weights, and biases:

| task                 | inputs | blocks x size | outputs | biases of   | weights |
|----------------------|--------|---------------|---------|-------------|---------|
| adding               |      2 |         2 x 2 |       1 | every unit  |      93 |
| temporal order, 6a   |      8 |         2 x 2 |       4 | every unit  |     156 |
| temporal order, 6b   |      8 |         3 x 2 |       8 | every unit  |     308 |
| embedded Reber       |      7 |         4 x 1 |       7 | gates       |     264 |
| embedded Reber       |      7 |         3 x 2 |       7 | gates       |     276 |
"""

from collections.abc import Sequence
from typing import Literal

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from dlbench.models.readout import Readout, When


def lstm_1997(
    *,
    inputs: int,
    blocks: int,
    size: int,
    outputs: int,
    when: When = "end",
    biases: Literal["all", "gates"] = "all",
    init_range: float = 0.1,
    input_gate_biases: Sequence[float] | None = None,
    output_gate_biases: Sequence[float] | None = None,
    gradient: Literal["truncated", "full"] = "truncated",
) -> nn.Module:
    """Build the net for sequences [n, steps, inputs]; `when` its outputs are read, see `Readout`.

    Weights and biases start from U[-init_range, init_range], gates' biases from the values given, one a block: negative
    ones keep a block closed until it is needed.
    gradient: `truncated` is that of 1997: errors flow back in time within the cells' states only, and what reaches the
        net input of a cell or a gate changes the weights there and goes no further. `full` is today's.
    Raises ValueError unless there is one gate bias a block.
    """
    model = LSTM1997(
        inputs, blocks, size, Readout(blocks * size, outputs, when=when, logistic=True, bias=biases == "all")
    )
    model.truncated = gradient == "truncated"
    if biases == "gates":
        model.bias = nn.Parameter(torch.empty(2 * blocks))
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.uniform_(-init_range, init_range)
        of_gates = model.bias[-2 * blocks :].view(2, blocks)
        for kind, wanted in enumerate((input_gate_biases, output_gate_biases)):
            if wanted is None:
                continue
            if len(wanted) != blocks:
                raise ValueError(f"{len(wanted)} biases for the gates of {blocks} blocks: give one for each block")
            of_gates[kind] = torch.tensor(wanted)
    return model


class LSTM1997(nn.Module):
    """[n, steps, inputs] -> the readout's outputs.

    weight: [units, inputs + units], a row for each unit: the cells block by block, the input gates, the output gates.
    bias: [units], or [2 blocks] if only gates have one.
    """

    truncated = True

    def __init__(self, inputs: int, blocks: int, size: int, readout: Readout) -> None:
        super().__init__()
        self.blocks, self.size, self.cells = blocks, size, blocks * size
        units = blocks * (size + 2)
        self.weight = nn.Parameter(torch.empty(units, inputs + units))
        self.bias = nn.Parameter(torch.empty(units))
        self.readout = readout

    @property
    def unit_biases(self) -> Tensor:
        """The bias of every unit [units], zero for cells without."""
        return F.pad(self.bias, (len(self.weight) - len(self.bias), 0))

    def forward(self, inputs: Tensor) -> Tensor:
        """Step through all sequences at once."""
        from_inputs, from_hidden = torch.split(self.weight.T, [inputs.shape[2], len(self.weight)])
        hidden = inputs.new_zeros(len(inputs), len(self.weight))
        state = inputs.new_zeros(len(inputs), self.blocks, self.size)
        cells = []
        for driven in (inputs @ from_inputs + self.unit_biases).unbind(1):
            net = torch.addmm(driven, hidden.detach() if self.truncated else hidden, from_hidden)
            gates = torch.sigmoid(net[:, self.cells :])
            gate_in, gate_out = gates.view(-1, 2, self.blocks, 1).unbind(1)
            state = state + gate_in * g(net[:, : self.cells]).view_as(state)
            cells.append((gate_out * h(state)).flatten(1))
            hidden = torch.cat([cells[-1], gates], dim=1)
        outputs: Tensor = self.readout(torch.stack(cells, dim=1), inputs)
        return outputs


def g(x: Tensor) -> Tensor:
    """4 logistic(x) - 2, which squashes what enters a cell: in [-2, 2]."""
    return 2 * torch.tanh(x / 2)


def h(x: Tensor) -> Tensor:
    """2 logistic(x) - 1, which squashes a cell's state on its way out: in [-1, 1]."""
    return torch.tanh(x / 2)
