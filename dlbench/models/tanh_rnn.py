"""The simple recurrent net of tanh units that backpropagation through time trains.

Elman: Finding Structure in Time, Cognitive Science 14, 1990 (the net); Werbos: Backpropagation Through Time: What It
Does and How to Do It, Proc. IEEE 78, 1990 (the gradient, here autograd's).

    h(t) = tanh(W x(t) + U h(t - 1) + b),   y = V h + c

(inputs + hidden + 1) hidden + (hidden + 1) outputs parameters, biases counted.
"""

from typing import Literal

import torch
from torch import Tensor, nn

from dlbench.models.readout import Readout, When


def tanh_rnn(
    *,
    inputs: int,
    hidden: int,
    outputs: int,
    when: When = "end",
    logistic: bool = False,
    bias: bool = True,
    recurrent: Literal["uniform", "orthogonal"] = "uniform",
    gradient: Literal["full", "one_step"] = "full",
) -> nn.Module:
    """Build the net for sequences [n, steps, inputs]; `when` its outputs are read, see `Readout`.

    recurrent: U starts from U[-1/sqrt(hidden), 1/sqrt(hidden)] as all else does, or from a random rotation, under which
        a gradient neither shrinks nor grows but by the slope of tanh (Saxe, McClelland, Ganguli 2014).
    gradient: `full` is backpropagation through time; `one_step` takes h(t - 1) for a given input, as Elman did, so that
        nothing is learnt from what lies further back.
    """
    return TanhRNN(
        inputs, hidden, Readout(hidden, outputs, when=when, logistic=logistic, bias=bias), bias, recurrent, gradient
    )


class TanhRNN(nn.Module):
    """[n, steps, inputs] -> the readout's outputs; zero hidden units before the first step."""

    def __init__(self, inputs: int, hidden: int, readout: Readout, bias: bool, recurrent: str, gradient: str) -> None:
        super().__init__()
        self.into = nn.Linear(inputs, hidden, bias=bias)
        self.recurrent = nn.Linear(hidden, hidden, bias=False)
        self.readout = readout
        self.one_step = gradient == "one_step"
        for parameter in self.parameters():
            nn.init.uniform_(parameter, -(hidden**-0.5), hidden**-0.5)
        if recurrent == "orthogonal":
            nn.init.orthogonal_(self.recurrent.weight)

    def forward(self, inputs: Tensor) -> Tensor:
        """Step through all sequences at once."""
        h = inputs.new_zeros(len(inputs), self.recurrent.in_features)
        weight = self.recurrent.weight.T
        hidden = []
        for driven in self.into(inputs).unbind(1):
            h = torch.tanh(torch.addmm(driven, h.detach() if self.one_step else h, weight))
            hidden.append(h)
        outputs: Tensor = self.readout(torch.stack(hidden, dim=1), inputs)
        return outputs
