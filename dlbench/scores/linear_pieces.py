"""How many straight pieces a net of rectified linear units with one input is made of, counted exactly."""

from __future__ import annotations

import copy

import torch
from torch import Tensor, nn

from dlbench.data.dataset import Dataset, Examples
from dlbench.scores.evaluation import evaluating

FLAT = 1e-9  # slopes that differ by less, relative to the steepest, are one slope


def linear_pieces(model: nn.Module, data: Dataset, examples: Examples, *, threshold: float = 0.5) -> dict[str, float]:
    """Follow the net over [0, 1] from bend to bend; read its output on the examples as class 1 from `threshold` on.

    Returns pieces, between one bend of the output and the next; peaks, where it turns from up to down; right, the
    examples classified rightly; and error_percent. The model maps [n, 1] to [n, 1] by linear layers and rectified
    linear units alone (ValueError).
    """
    with evaluating(model):
        outputs = model(data.prepare(examples.inputs))[:, 0]
        slopes = slopes_of(copy.deepcopy(model).cpu().double())
    right = int(((outputs >= threshold) == examples.targets.bool()).sum())
    return {
        "pieces": float(len(slopes)),
        "peaks": float(((slopes[:-1] > 0) & (slopes[1:] < 0)).sum()),
        "right": float(right),
        "error_percent": 100.0 * (1.0 - right / len(examples)),
    }


def slopes_of(model: nn.Module) -> Tensor:
    """The slope of each piece of the output over [0, 1], left to right; neighbours differ."""
    bends = torch.tensor([0.0, 1.0], dtype=torch.float64)
    values = bends[:, None]
    for layer in model.children():
        if isinstance(layer, nn.ReLU):
            bends, values = _with_zeros(bends, values)
        elif not isinstance(layer, nn.Linear | nn.Flatten):
            raise ValueError(f"linear_pieces: {type(layer).__name__} is not linear piece by piece")
        values = layer(values)
    slopes = values[:, 0].diff() / bends.diff()
    differ = slopes.diff().abs() > FLAT * slopes.abs().max()
    return slopes[torch.cat([torch.tensor([True]), differ])]


def _with_zeros(bends: Tensor, values: Tensor) -> tuple[Tensor, Tensor]:
    """Add the points at which a unit crosses zero between two bends: bends [n], values [n, units] before the relu."""
    left, right = values[:-1], values[1:]
    crosses = left * right < 0
    share = torch.where(crosses, left / (left - right), 0.0)
    found = (bends[:-1, None] + share * bends.diff()[:, None])[crosses]
    places = torch.unique(torch.cat([bends, found]))  # sorted
    piece = torch.searchsorted(bends, places, right=True).clamp(1, len(bends) - 1) - 1
    along = ((places - bends[piece]) / (bends[piece + 1] - bends[piece]))[:, None]
    return places, torch.lerp(values[piece], values[piece + 1], along)
