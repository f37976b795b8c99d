"""What Cover's theorem says of a unit, to stand beside what `random_dichotomies` finds.

Cover: Geometrical and Statistical Properties of Systems of Linear Inequalities with Applications in Pattern
Recognition, IEEE Transactions on Electronic Computers EC-14 (1965).
"""

from __future__ import annotations

from torch import nn

from dlbench.data.dataset import Dataset, Examples
from dlbench.training.dichotomies import LOADS, points_at, probability


def cover(model: nn.Module, data: Dataset, examples: Examples) -> dict[str, float]:
    """Work out the exact chances for a unit with d weights, the model's parameters; no example is looked at.

    Returns cover_percent_at_2d, the chance in percent that the unit can give random labels to 2d points, and so on for
    all `LOADS`; and cover_points, how many randomly labelled points it takes on average, when they come one by one,
    before the first that is too much: 2d.
    """
    weights = sum(parameter.numel() for parameter in model.parameters())
    chances = {f"cover_percent_at_{load:g}d": probability(points_at(load, weights), weights) for load in LOADS}
    return {name: 100.0 * chance for name, chance in chances.items()} | {"cover_points": 2.0 * weights}
