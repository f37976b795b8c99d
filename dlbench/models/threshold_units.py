"""Linear threshold units side by side, which share nothing but their inputs.

The formal neuron in the shape that outlived 1943: inhibition is a negative weight and no longer absolute. Minsky and
Papert: Perceptrons, 1969, chapter 1. A unit is w.x >= theta; AND has w = (1, 1), theta = 2, and NOT w = -1, theta = 0.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn


def threshold_units(*, inputs: int, units: int) -> nn.Module:
    """Build `units` units with `inputs` weights and a threshold each; weights 0, thresholds 1: none ever fires."""
    return ThresholdUnits(inputs, units)


class ThresholdUnits(nn.Module):
    """[n, ...] with `inputs` values an example -> 0 or 1 [n, units]: whether the weighted sum reaches the threshold."""

    def __init__(self, inputs: int, units: int) -> None:
        super().__init__()
        self.input_shape = (inputs,)
        self.weight = nn.Parameter(torch.zeros(units, inputs))
        self.threshold = nn.Parameter(torch.ones(units))

    def forward(self, examples: Tensor) -> Tensor:
        """All or none, so that no gradient passes."""
        return (F.linear(examples.flatten(start_dim=1), self.weight) >= self.threshold).to(examples)
