"""The simplest model of when something happens: so many years after something else, always the same number."""

import torch
from torch import Tensor, nn


def delay() -> nn.Module:
    """Build a model with a single parameter, the years to wait, which starts at 0."""
    return Delay()


class Delay(nn.Module):
    """Years [n, 1] -> years [n, 1]."""

    input_shape = (1,)

    def __init__(self) -> None:
        super().__init__()
        self.years = nn.Parameter(torch.zeros(1))

    def forward(self, years: Tensor) -> Tensor:
        """The year to expect."""
        return years + self.years
