"""Random problems that one unit can solve: points on either side of a random plane, none of them close to it."""

from pathlib import Path

import torch

from dlbench.data.dataset import Dataset, Examples
from dlbench.errors import InputError

MOST_DRAWN = 10_000_000


def linearly_separable(folder: Path, *, inputs: int, examples: int, margin: float, problem: int = 0) -> Dataset:
    """Return standard normal points, float32 [examples, inputs], and the side of the plane they lie on, 0 or 1.

    The plane's direction is uniform, and so is its distance from the origin, up to a half, so that there are points on
    both sides; those nearer to it than `margin` are drawn anew. `problem` is the number of the problem, each as random
    as any other and the same for everybody. There is nothing to test on; `folder` is not used. Raises InputError for
    numbers below 1, a margin below 0, and one so wide that hardly a point lies outside it.
    """
    for name, number, least in (
        ("inputs", inputs, 1), ("examples", examples, 1), ("margin", margin, 0), ("problem", problem, 0),
    ):  # fmt: skip
        if number < least:
            raise InputError(f"{name}: {number}: must be at least {least}")
    generator = torch.Generator().manual_seed(problem)
    normal, distance = torch.randn(inputs, generator=generator), torch.rand((), generator=generator) - 0.5
    kept = torch.empty(0, inputs)
    drawn = 0
    while len(kept) < examples:
        if drawn > MOST_DRAWN:
            raise InputError(f"margin: {margin:g}: too wide, hardly a point lies outside it; take a smaller one")
        points = torch.randn(10 * examples, inputs, generator=generator)
        kept = torch.cat([kept, points[(points @ normal / normal.norm() - distance).abs() >= margin]])
        drawn += points.numel()
    points = kept[:examples]
    sides = (points @ normal / normal.norm() >= distance).long()
    return Dataset(Examples(points, sides), None, ("below", "above"), torch.tensor(0.0), torch.tensor(1.0))
