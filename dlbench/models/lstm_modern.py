"""Long short-term memory as it is used today: with a forget gate, and a gradient through everything.

Gers, Schmidhuber, Cummins: Learning to Forget, Neural Computation 12, 2000 (the forget gate); Jozefowicz, Zaremba,
Sutskever: An Empirical Exploration of Recurrent Network Architectures, ICML 2015 (its bias of 1). Not the cell of 1997:
that is `lstm_1997`.

    i, f, o = logistic(W x(t) + U h(t - 1) + b + b')      a gate each for every cell
    g = tanh(W x(t) + U h(t - 1) + b + b')
    c(t) = f c(t - 1) + i g,   h(t) = o tanh(c(t)),   y = V h + d

4 hidden (inputs + hidden + 2) + (hidden + 1) outputs parameters: torch keeps b and b', of which one would do.
"""

import torch
from torch import Tensor, nn

from dlbench.models.readout import Readout, When


def lstm_modern(
    *, inputs: int, hidden: int, outputs: int, when: When = "end", logistic: bool = False, forget_bias: float = 1.0
) -> nn.Module:
    """Build the net for sequences [n, steps, inputs]; `when` its outputs are read, see `Readout`.

    Weights start from U[-1/sqrt(hidden), 1/sqrt(hidden)], biases from zero but for the forget gates' `forget_bias`.
    """
    return ModernLSTM(inputs, hidden, Readout(hidden, outputs, when=when, logistic=logistic), forget_bias)


class ModernLSTM(nn.Module):
    """[n, steps, inputs] -> the readout's outputs; zero cells and hidden units before the first step."""

    def __init__(self, inputs: int, hidden: int, readout: Readout, forget_bias: float) -> None:
        super().__init__()
        self.lstm = Hidden(inputs, hidden, batch_first=True)
        self.readout = readout
        with torch.no_grad():
            bias = self.lstm.get_parameter("bias_ih_l0").zero_()
            bias[hidden : 2 * hidden] = forget_bias  # torch's order is i, f, g, o
            self.lstm.get_parameter("bias_hh_l0").zero_()

    def forward(self, inputs: Tensor) -> Tensor:
        """Step through all sequences at once."""
        outputs: Tensor = self.readout(self.lstm(inputs), inputs)
        return outputs


class Hidden(nn.LSTM):
    """torch's layer, which gives h(t) of all steps, [n, steps, hidden], and keeps the last cells to itself."""

    def forward(self, inputs: Tensor) -> Tensor:  # type: ignore[override]
        """Step through all sequences at once."""
        hidden: Tensor = super().forward(inputs)[0]
        return hidden
