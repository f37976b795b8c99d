"""How far a net with one hidden layer is from the function it approximates, and what Barron promises."""

from __future__ import annotations

import torch
from torch import nn

from dlbench.data.dataset import Dataset, Examples
from dlbench.scores.evaluation import evaluating


def approximation_error(
    model: nn.Module, data: Dataset, examples: Examples, *, fourier_moment: float, radius: float
) -> dict[str, float]:
    """Compare outputs with targets, both float32 [n].

    fourier_moment: the function's C_f. radius: r, of a ball around the origin that holds all inputs.
    Returns sup_error, the largest deviation; mean_squared_error; and barron_bound, (2 r C_f)^2 / n for the n units of
    the layer before `output`: some net of n sigmoidal units is no worse than that (Barron 1993, "Universal
    Approximation Bounds for Superpositions of a Sigmoidal Function", theorem 1).
    """
    with evaluating(model):
        deviations = model(data.prepare(examples.inputs))[:, 0].double() - examples.targets.double()
    units = model.get_submodule("output").get_parameter("weight").shape[1]
    return {
        "sup_error": float(deviations.abs().max()),
        "mean_squared_error": float(torch.mean(deviations.square())),
        "barron_bound": (2.0 * radius * fourier_moment) ** 2 / units,
    }
