"""Cover's count: by hand, by its recursion, and by enumeration of the dichotomies a line gives."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from dlbench.training.dichotomies import LOADS, points_at, probability
from dlbench.training.separation import is_separable


@pytest.mark.parametrize("weights", [1, 2, 3, 10, 40, 200])
def test_exactly_half_at_two_points_a_weight(weights: int) -> None:
    assert probability(2 * weights, weights) == 0.5
    assert probability(weights, weights) == 1
    assert probability(weights + 1, weights) == 1 - 2.0**-weights


def test_count_follows_covers_recursion() -> None:
    """C(N + 1, d) = C(N, d) + C(N, d - 1), where C is the number of separable dichotomies (Cover 1965)."""
    for points, weights in itertools.product(range(1, 30), range(2, 12)):
        count, fewer = (2**points * probability(points, number) for number in (weights, weights - 1))
        assert 2 ** (points + 1) * probability(points + 1, weights) == count + fewer


@pytest.mark.parametrize(("points", "inputs"), [(4, 2), (5, 2), (6, 1)])
def test_count_is_that_of_enumeration(points: int, inputs: int) -> None:
    """Four points in a plane: 14 of 16 dichotomies, whatever the points."""
    random = np.random.default_rng(0)
    for _ in range(2):
        x = random.standard_normal((points, inputs))
        labels = itertools.product((False, True), repeat=points)
        separable = sum(is_separable(x, np.array(each)) for each in labels)
        assert separable == 2**points * probability(points, inputs + 1)


def test_points_average_two_a_weight() -> None:
    """The largest separable number is n with chance 2^-n C(n-1, d-1): negative binomial, mean 2d (Cover 1965)."""
    assert sum(probability(points, 12) for points in range(1, 400)) == pytest.approx(24)


def test_loads_are_whole_numbers_of_points_for_the_recipes() -> None:
    assert all(points_at(load, weights) == load * weights for load in LOADS for weights in (4, 12, 40))
