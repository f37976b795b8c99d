"""What recurrent nets for sequences share: where a sequence ends, and the output layer on the hidden units."""

from typing import Literal

import torch
from torch import Tensor, nn

When = Literal["end", "every_step"]


def last_steps(inputs: Tensor) -> Tensor:
    """The last step of each sequence in [n, steps, d], int64 [n]: after its end a sequence has rows of zeros only."""
    numbers = torch.arange(inputs.shape[1], device=inputs.device)
    return ((inputs != 0).any(2) * numbers).amax(1)


class Readout(nn.Module):
    """Hidden units [n, steps, units] of the sequences `inputs` -> outputs.

    when: `end` gives the outputs after each sequence's last step, [n, outputs]; `every_step` those of all steps in a
    row, [n, steps * outputs], zero after the end.
    """

    def __init__(self, units: int, outputs: int, *, when: When, logistic: bool, bias: bool = True) -> None:
        super().__init__()
        self.linear = nn.Linear(units, outputs, bias=bias)
        self.when = when
        self.squash = nn.Sigmoid() if logistic else nn.Identity()

    def forward(self, hidden: Tensor, inputs: Tensor) -> Tensor:
        """See the class."""
        last = last_steps(inputs)
        if self.when == "end":
            rows = torch.arange(len(last), device=last.device)
            read: Tensor = self.squash(self.linear(hidden[rows, last]))
            return read
        steps = torch.arange(inputs.shape[1], device=last.device)
        outputs: Tensor = self.squash(self.linear(hidden)) * (steps <= last[:, None])[:, :, None]
        return outputs.flatten(1)
