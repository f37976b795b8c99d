"""Functions to approximate and points to tell apart."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
import torch
from scipy.integrate import quad

from dlbench.data.alternating_points import alternating_points
from dlbench.data.target_function import BUMP_WIDTH, TARGETS, target_function
from dlbench.data.truth_table import truth_table
from dlbench.errors import InputError
from dlbench.spec import recipe


def test_values_and_grids_of_the_wave() -> None:
    data = target_function(Path(), function="wave", train_points=4, test_points=5)
    assert data.train.inputs.flatten().tolist() == [-0.75, -0.25, 0.25, 0.75]
    assert data.train.targets.tolist() == pytest.approx([1, -1, 1, -1])
    assert data.test is not None
    assert len(data.test) == 5
    assert data.classes == ()
    assert data.train.targets.dtype == torch.float32


def test_the_bump_covers_the_plane() -> None:
    data = target_function(Path(), function="bump", dimensions=2, train_points=3, test_points=2)
    assert data.shape == (2,)
    assert len(data.train) == 9
    assert data.train.targets.max() == data.train.targets[4] == 1.0  # the middle
    corner = math.exp(-0.5 * 2 * (2 / 3) ** 2 / BUMP_WIDTH**2)
    assert data.train.targets[0] == pytest.approx(corner, rel=1e-5)


@pytest.mark.parametrize("dimensions", [1, 2, 3])
def test_the_bumps_fourier_moment_by_integration(dimensions: int) -> None:
    """The mean length of a normal vector of deviation 1 / width, by its radial density."""
    sphere = 2 * math.pi ** (dimensions / 2) / math.gamma(dimensions / 2)
    density = sphere / (2 * math.pi) ** (dimensions / 2)
    moment, _ = quad(lambda r: density * r**dimensions * np.exp(-0.5 * r**2), 0, np.inf)
    assert TARGETS["bump"].fourier_moment(dimensions) == pytest.approx(moment / BUMP_WIDTH)


@pytest.mark.parametrize(
    ("name", "function", "dimensions"), [("wave-logistic-64", "wave", 1), ("bump-logistic-64", "bump", 2)]
)
def test_recipes_carry_the_moment_and_the_radius_of_their_function(name: str, function: str, dimensions: int) -> None:
    found = recipe.load(name, "full")
    score = found.score.arguments
    assert (found.data.arguments["function"], found.data.arguments["dimensions"]) == (function, dimensions)
    assert score["fourier_moment"] == pytest.approx(TARGETS[function].fourier_moment(dimensions), rel=1e-5)
    assert score["radius"] == pytest.approx(math.sqrt(dimensions), rel=1e-5)


@pytest.mark.parametrize(
    ("settings", "message"),
    [({"dimensions": 4}, "1 to 3"), ({"train_points": 1}, "train_points: 1"), ({"test_points": 0}, "test_points: 0")],
)
def test_refuses_what_makes_no_grid(settings: dict[str, int], message: str) -> None:
    with pytest.raises(InputError, match=message):
        target_function(Path(), function="wave", **settings)


def test_points_alternate() -> None:
    data = alternating_points(Path(), k=3)
    assert data.train.inputs.flatten().tolist() == [index / 8 for index in range(8)]
    assert data.train.targets.tolist() == [0, 1] * 4
    with pytest.raises(InputError, match="1 to 16"):
        alternating_points(Path(), k=0)


def test_symmetry_is_true_of_eight_rows_in_sixty_four() -> None:
    data = truth_table(Path(), function="symmetry", inputs=6)
    rows = data.train.inputs[data.train.targets == 1]
    assert len(rows) == 8
    assert torch.equal(rows, rows.flip(1))
