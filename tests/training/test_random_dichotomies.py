"""Random labels until no unit agrees: the search by halving, and the shares against Cover's count."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from dlbench.data.gaussian_points import gaussian_points
from dlbench.errors import InputError
from dlbench.models.perceptron import perceptron
from dlbench.scores.cover import cover
from dlbench.training.dichotomies import LOADS
from dlbench.training.random_dichotomies import random_dichotomies, separable_points
from dlbench.training.separation import is_separable
from dlbench.training.step import Step


def draw(dichotomies: int, seed: int = 0) -> list[Step]:
    """A unit with two weights: one input and a threshold, so that labels may change sides but once along the line."""
    data = gaussian_points(Path(), inputs=1, examples=20)
    generator = torch.Generator().manual_seed(seed)
    return list(random_dichotomies(perceptron(inputs=1), data, generator, dichotomies=dichotomies))


def test_halving_finds_what_trying_one_by_one_finds() -> None:
    random = np.random.default_rng(0)
    points = random.standard_normal((16, 3))
    for _ in range(10):
        labels = random.random(16) < 0.5
        separable = [is_separable(points[:count], labels[:count]) for count in range(1, 17)]
        assert separable == sorted(separable, reverse=True), "what is separable is so without its last point"
        assert separable_points(points, labels) == sum(separable)


def test_all_points_may_be_separable() -> None:
    assert separable_points(np.random.default_rng(0).standard_normal((16, 3)), np.ones(16, dtype=bool)) == 16


def test_shares_are_those_of_cover() -> None:
    """Within five standard deviations of the exact chances, at every load, and of 2d points on average."""
    step = draw(200)[-1]
    unit = perceptron(inputs=1)
    data = gaussian_points(Path(), inputs=1, examples=20)
    exact = cover(unit, data, data.train)
    assert exact["cover_percent_at_2d"] == 50
    assert len(exact) == len(LOADS) + 1
    for load in LOADS:
        chance = exact[f"cover_percent_at_{load:g}d"] / 100
        spread = 5 * (chance * (1 - chance) / 200) ** 0.5
        assert abs(step.counts[f"separable_percent_at_{load:g}d"] / 100 - chance) <= spread
    assert abs(step.counts["separable_points"] - exact["cover_points"]) < 5 * 4**0.5 / 200**0.5  # its variance is 2d


def test_every_seed_has_its_own_labels() -> None:
    first, again, other = (draw(20, seed)[-1].counts for seed in (1, 1, 2))
    assert first == again != other


def test_refuses_points_that_do_not_fit() -> None:
    data = gaussian_points(Path(), inputs=2, examples=11)
    with pytest.raises(InputError, match="one unit with 2 inputs"):
        next(random_dichotomies(perceptron(inputs=3), data, torch.Generator(), dichotomies=1))
    with pytest.raises(InputError, match="12 points for 3 weights"):
        next(random_dichotomies(perceptron(inputs=2), data, torch.Generator(), dichotomies=1))
