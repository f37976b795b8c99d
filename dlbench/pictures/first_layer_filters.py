"""What the first layer of a convolutional net looks for (Krizhevsky, Sutskever & Hinton 2012, Figure 3)."""

from __future__ import annotations

from torch import Tensor, nn

from dlbench.data.dataset import Dataset
from dlbench.errors import InputError


def first_layer_filters(model: nn.Module, data: Dataset) -> dict[str, Tensor]:
    """The weights of the first convolution, `filters` [maps, channels, h, w], each filter stretched to [0, 1].

    Raises InputError for a model without a convolution.
    """
    first = next((module for module in model.modules() if isinstance(module, nn.Conv2d)), None)
    if first is None:
        raise InputError(f"first_layer_filters: {type(model).__name__} has no convolution to show")
    weight = first.weight.detach()
    low, high = weight.amin((1, 2, 3), keepdim=True), weight.amax((1, 2, 3), keepdim=True)
    return {"filters": (weight - low) / (high - low).clamp_min(1e-12)}
