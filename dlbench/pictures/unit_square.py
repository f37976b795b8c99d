"""Where in the unit square each output of a model of two inputs says yes (Minsky & Papert 1969, chapter 1)."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from dlbench.data.dataset import Dataset

TICKS = torch.arange(-7, 28) / 20  # rows of truth tables, 0 and 1, are among them to the last bit


def unit_square(model: nn.Module, data: Dataset) -> dict[str, Tensor]:
    """The answers 0 or 1, `answers` [outputs, 35, 35], second input upwards, first one to the right.

    From -0.35 to 1.35 along both. A unit says yes from 0.5 on, a perceptron's weighted sum from 0 on. Nothing for
    models of other than two inputs.
    """
    if getattr(model, "input_shape", data.shape) != (2,):
        return {}
    points = torch.stack([column.flatten() for column in torch.meshgrid(TICKS, TICKS, indexing="xy")], dim=1)
    with torch.no_grad():
        outputs = model(points.to(next(model.parameters())))
    threshold = 0.0 if isinstance(model, nn.Linear) else 0.5
    return {"answers": (outputs >= threshold).float().T.reshape(-1, len(TICKS), len(TICKS))}
