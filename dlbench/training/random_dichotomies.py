"""How many random labels a single unit can take, measured: points labelled by coin tosses until no unit agrees.

Cover: Geometrical and Statistical Properties of Systems of Linear Inequalities with Applications in Pattern
Recognition, IEEE Transactions on Electronic Computers EC-14 (1965).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import torch
from torch import nn

from dlbench.data.dataset import Dataset
from dlbench.errors import InputError
from dlbench.training.dichotomies import LOADS, points_at
from dlbench.training.separation import Bools, Floats, is_separable
from dlbench.training.step import Step


def random_dichotomies(
    model: nn.Module, data: Dataset, generator: torch.Generator, *, dichotomies: int
) -> Iterator[Step]:
    """Label all points by tosses of a fair coin, `dichotomies` times; find how many, in their order, a unit separates.

    Points that a unit separates it separates without the last one, too. So one sequence of labels answers for every
    number of points at once, and the number where it ends is found by halving, with a linear program at each.

    Yields a step a dichotomy, whose loss is the share of the points left over. Counts dichotomies and separable_points,
    their mean number before the first that was too much; at the last step also, with d weights of the unit,
    separable_percent_at_2d, the share of dichotomies whose first 2d points a unit separates, and so for all `LOADS`.
    The model says how many weights a unit has, and is not changed. Raises InputError if they do not fit the points or
    if there are fewer points than the largest load asks for.
    """
    points = data.prepare(data.train.inputs).double().cpu().numpy()
    weights = sum(parameter.numel() for parameter in model.parameters())
    needed = points_at(max(LOADS), weights)
    if weights != points.shape[1] + 1:
        raise InputError(f"random_dichotomies: needs one unit with {points.shape[1]} inputs (model: perceptron)")
    if dichotomies < 1 or len(points) < needed:
        raise InputError(f"random_dichotomies: needs at least 1 dichotomy and {needed} points for {weights} weights")
    lengths: list[int] = []
    for number in range(1, dichotomies + 1):
        labels = torch.randint(2, (len(points),), generator=generator, device=generator.device).bool()
        lengths.append(separable_points(points, labels.cpu().numpy()))
        left_over = torch.tensor(1.0 - lengths[-1] / len(points))
        counts = {"dichotomies": float(number), "separable_points": float(np.mean(lengths))}
        if number == dichotomies:
            counts |= _shares(lengths, weights)
        yield Step(number, dichotomies, len(points), left_over, counts)


def separable_points(points: Floats, labels: Bools) -> int:
    """How many points [n, d], from the first on and all n at most, some unit gives their labels [n]."""
    low = min(int(points.shape[1]) + 1, len(points))  # so many are always separable, in general position
    high = len(points)
    while low < high:
        middle = (low + high + 1) // 2
        if is_separable(points[:middle], labels[:middle]):
            low = middle
        else:
            high = middle - 1
    return low


def _shares(lengths: Sequence[int], weights: int) -> dict[str, float]:
    """In percent, how many sequences got as far as each load."""
    return {
        f"separable_percent_at_{load:g}d": 100.0 * float(np.mean(np.array(lengths) >= points_at(load, weights)))
        for load in LOADS
    }
