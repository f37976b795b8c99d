"""The sawtooth that a deep net folds with two units a layer, and a shallow one only with a unit for every piece.

Telgarsky: Representation Benefits of Deep Feedforward Networks, 2015. The mirror map

    f(x) = relu(2 relu(x) - 4 relu(x - 1/2))        0 -> 0, 1/2 -> 1, 1 -> 0, straight between

takes [0, 1] to itself twice over. k of them one after the other take it there 2^k times: 2^k straight pieces, up and
down, with a peak on every other. A layer of the net here is one mirror map: its two inner units, and the sum in the
next layer's weights; the outer relu is left out, as nothing below zero ever reaches it.

| net     | hidden layers | units | parameters   | k = 7: units | parameters |
|---------|---------------|-------|--------------|--------------|------------|
| deep    |             k |    2k | 6k + 1       |           14 |         43 |
| shallow |             1 |   2^k | 3 * 2^k + 1  |          128 |        385 |
"""

from typing import Literal

import torch
from torch import nn

from dlbench.models.mlp import MLP

MIRROR = torch.tensor([[2.0, -4.0]])  # of relu(x) and relu(x - 1/2)
THRESHOLDS = torch.tensor([0.0, 0.5])


def sawtooth(*, k: int, form: Literal["deep", "shallow"] = "deep") -> nn.Module:
    """Build the k-fold mirror map exactly, as k layers of two units or as one layer of 2^k; nothing is random.

    Raises ValueError for k below 1.
    """
    if k < 1:
        raise ValueError(f"k {k}: at least one mirror map")
    return _deep(k) if form == "deep" else _shallow(2**k)


def _deep(k: int) -> MLP:
    """Each layer folds what the one before it gives: [1, 2, 2, ..., 2, 1]."""
    model = MLP(sizes=[1, *[2] * k, 1], activation=nn.ReLU, logistic_output=False)
    for layer in range(1, k + 1):
        below = torch.ones(1, 1) if layer == 1 else MIRROR
        _set(model, f"hidden{layer}", below.expand(2, -1), -THRESHOLDS)
    _set(model, "output", MIRROR, torch.zeros(1))
    return model


def _shallow(pieces: int) -> MLP:
    """A unit wherever a piece begins, by which the slope changes from `pieces` to its negative or back."""
    model = MLP(sizes=[1, pieces, 1], activation=nn.ReLU, logistic_output=False)
    changes = 2.0 * pieces * (-1.0) ** torch.arange(pieces)
    changes[0] = pieces
    _set(model, "hidden1", torch.ones(pieces, 1), -torch.arange(pieces) / pieces)
    _set(model, "output", changes[None], torch.zeros(1))
    return model


def _set(model: nn.Module, layer: str, weight: torch.Tensor, bias: torch.Tensor) -> None:
    with torch.no_grad():
        model.get_parameter(f"{layer}.weight").copy_(weight)
        model.get_parameter(f"{layer}.bias").copy_(bias)
