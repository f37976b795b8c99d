"""How far the gradients of a computational graph of gates are from those of torch."""

from __future__ import annotations

import copy

import torch
from torch import Tensor, nn

from dlbench.data.dataset import Dataset, Examples
from dlbench.training.losses import squared_error
from dlbench.training.net_of_gates import NetOfGates


def gradient_check(model: nn.Module, data: Dataset, examples: Examples) -> dict[str, float]:
    """Compare both gradients of the squared error by every weight and bias, example by example, in float64.

    Returns largest_relative_deviation, |g - t| / max(|g|, |t|) where it is largest (0 where both are zero), and
    gradients, the number of those compared. The model maps prepared inputs [n, d] to outputs; targets are 0 or 1.
    Raises InputError for a model that cannot be made of gates.
    """
    exact = copy.deepcopy(model).double()
    worst, compared = 0.0, 0
    for row, target in zip(data.prepare(examples.inputs), examples.targets, strict=True):
        by_gates = NetOfGates(exact, row[None].double(), target[None, None].double()).present()[1]
        by_torch = _by_torch(exact, row[None].double(), target[None])
        deviations = [relative_deviation(by_gates[name], by_torch[name]) for name in by_torch]
        worst = max(worst, *(float(deviation.max()) for deviation in deviations))
        compared += sum(deviation.numel() for deviation in deviations)
    return {"largest_relative_deviation": worst, "gradients": float(compared)}


def relative_deviation(one: Tensor, other: Tensor) -> Tensor:
    """|a - b| / max(|a|, |b|) number by number, 0 where both are zero."""
    larger = torch.maximum(one.abs(), other.abs())
    return torch.where(larger > 0, (one - other).abs() / larger, 0.0)


def _by_torch(model: nn.Module, inputs: Tensor, targets: Tensor) -> dict[str, Tensor]:
    loss = squared_error(model(inputs), targets.double()).sum()
    named = dict(model.named_parameters())
    return dict(zip(named, torch.autograd.grad(loss, list(named.values())), strict=True))
