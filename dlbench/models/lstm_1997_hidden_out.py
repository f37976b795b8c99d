"""Long short-term memory of 1997 whose output units see all hidden units, gates as well as cells, and have biases.

Hochreiter and Schmidhuber: Long Short-Term Memory, Neural Computation 9(8), 1997. Everything else is as in `lstm_1997`,
whose output units see the cells only, as the paper says. Where a net has few cells, these need not tell the output
units which symbol has just come, for the gates do, and are free to remember.

With `blocks` of `size` cells there are units = blocks (size + 2) hidden units, and

    units (inputs + units) + 2 blocks + outputs (units + 1) parameters: 325 for the embedded Reber grammar.
"""

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from dlbench.models.lstm_1997 import g, h
from dlbench.models.readout import Readout, When


def lstm_1997_hidden_out(
    *,
    inputs: int,
    blocks: int,
    size: int,
    outputs: int,
    when: When = "end",
    init_range: float = 0.1,
    output_gate_biases: Sequence[float] | None = None,
) -> nn.Module:
    """Build the net for sequences [n, steps, inputs]; `when` its outputs are read, see `Readout`.

    Weights and biases start from U[-init_range, init_range], output gates' biases from the values given, one a block.
    Raises ValueError unless there is one a block.
    """
    model = LSTM1997HiddenOut(inputs, blocks, size, outputs, when)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.uniform_(-init_range, init_range)
        if output_gate_biases is not None:
            if len(output_gate_biases) != blocks:
                raise ValueError(f"{len(output_gate_biases)} biases for {blocks} blocks: give one for each block")
            model.bias[blocks:] = torch.tensor(output_gate_biases)
    return model


class LSTM1997HiddenOut(nn.Module):
    """[n, steps, inputs] -> the readout's outputs.

    weight: [units, inputs + units], a row for each unit: the cells block by block, the input gates, the output gates.
    bias: [2 blocks], of the gates. Errors flow back in time within the cells' states only.
    """

    def __init__(self, inputs: int, blocks: int, size: int, outputs: int, when: When) -> None:
        super().__init__()
        self.blocks, self.size, self.cells = blocks, size, blocks * size
        units = blocks * (size + 2)
        self.weight = nn.Parameter(torch.empty(units, inputs + units))
        self.bias = nn.Parameter(torch.empty(2 * blocks))
        self.readout = Readout(units, outputs, when=when, logistic=True)

    def forward(self, inputs: Tensor) -> Tensor:
        """Step through all sequences at once."""
        hidden = inputs.new_zeros(len(inputs), len(self.weight))
        state = inputs.new_zeros(len(inputs), self.blocks, self.size)
        passed = []
        for now in inputs.unbind(1):
            net = torch.cat([now, hidden.detach()], dim=1) @ self.weight.T
            gates = torch.sigmoid(net[:, self.cells :] + self.bias)
            gate_in, gate_out = gates.view(-1, 2, self.blocks, 1).unbind(1)
            state = state + gate_in * g(net[:, : self.cells]).view_as(state)
            hidden = torch.cat([(gate_out * h(state)).flatten(1), gates], dim=1)
            passed.append(hidden)
        outputs: Tensor = self.readout(torch.stack(passed, dim=1), inputs)
        return outputs
