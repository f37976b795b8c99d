"""Functions to approximate: a grid of points of the cube [-1, 1]^d, and the function's values there."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import torch
from torch import Tensor

from dlbench.data.dataset import Dataset, Examples
from dlbench.errors import InputError

MOST_DIMENSIONS = 3
WAVE_FREQUENCY = 2 * math.pi  # radians per unit length: a full wave each side of the middle
BUMP_WIDTH = 0.25


@dataclass(frozen=True)
class Target:
    """A function of points [n, d] -> [n], and its first Fourier moment in d dimensions.

    The moment is Barron's C_f, the integral of |w| |F(w)| over all frequencies w, with f(x) that of e^(iwx) F(w).
    """

    values: Callable[[Tensor], Tensor]
    fourier_moment: Callable[[int], float]


TARGETS = {
    # a sine is two frequencies of weight 1/2 each
    "wave": Target(lambda x: torch.sin(WAVE_FREQUENCY * x[:, 0]), lambda d: WAVE_FREQUENCY),
    # the frequencies of a Gaussian are those of a normal distribution, of deviation 1 / BUMP_WIDTH in each dimension
    "bump": Target(
        lambda x: torch.exp(-0.5 * x.square().sum(1) / BUMP_WIDTH**2),
        lambda d: math.sqrt(2) * math.gamma((d + 1) / 2) / math.gamma(d / 2) / BUMP_WIDTH,
    ),
}


def target_function(
    folder: Path,
    *,
    function: Literal["wave", "bump"],
    dimensions: int = 1,
    train_points: int = 256,
    test_points: int = 2000,
) -> Dataset:
    """Return a function's values at the middles of the cells of a grid: inputs float32 [n, d], targets float32 [n].

    function: `wave`, sin(2 pi x) along the first axis; `bump`, exp(-|x|^2 / (2 * 0.25^2)).
    train_points, test_points: along each axis, so many to the power of `dimensions` in all; the test's grid is its own.
    `folder` is not used. Raises InputError for other than 1 to 3 dimensions, or for fewer than two points.
    """
    if not 1 <= dimensions <= MOST_DIMENSIONS:
        raise InputError(f"dimensions: {dimensions}: 1 to {MOST_DIMENSIONS}, as grids grow with their power")
    for name, points in (("train_points", train_points), ("test_points", test_points)):
        if points < 2:
            raise InputError(f"{name}: {points}: at least 2 along each axis")
    train, test = (_examples(TARGETS[function], dimensions, points) for points in (train_points, test_points))
    return Dataset(train, test, (), shift=torch.tensor(0.0), scale=torch.tensor(1.0))


def _examples(target: Target, dimensions: int, points: int) -> Examples:
    axis = (torch.arange(points, dtype=torch.float64) + 0.5) * (2 / points) - 1
    inputs = torch.cartesian_prod(*[axis] * dimensions).view(-1, dimensions)
    return Examples(inputs.float(), target.values(inputs).float())
