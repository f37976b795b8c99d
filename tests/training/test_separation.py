"""Linear programs that decide whether a unit exists, against an independent solver and by hand."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from dlbench.training.novikoff import novikoff_bound
from dlbench.training.separation import is_separable, smallest_unit

ROWS = np.array([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]])


@pytest.mark.parametrize(
    ("fires", "weights", "threshold"),
    [((0, 0, 0, 1), (1, 1), 2), ((0, 1, 1, 1), (1, 1), 1), ((0, 0, 1, 0), (1, -1), 1)],
)
def test_the_smallest_units_are_those_of_1943(fires: tuple[int], weights: tuple[int], threshold: int) -> None:
    """AND, OR, and A without B."""
    unit = smallest_unit(ROWS, np.array(fires, dtype=bool))
    assert unit is not None
    assert unit.weights == pytest.approx(weights)
    assert unit.threshold == pytest.approx(threshold)


def test_not_has_weight_minus_one_and_threshold_none() -> None:
    unit = smallest_unit(np.array([[0.0], [1.0]]), np.array([True, False]))
    assert unit is not None
    assert (unit.weights[0], unit.threshold) == pytest.approx((-1, 0))


@pytest.mark.parametrize("fires", [(0, 1, 1, 0), (1, 0, 0, 1)])
def test_neither_xor_nor_its_negation_has_a_unit(fires: tuple[int]) -> None:
    assert smallest_unit(ROWS, np.array(fires, dtype=bool)) is None
    assert not is_separable(ROWS, np.array(fires, dtype=bool))


@pytest.mark.parametrize(("points", "inputs"), [(8, 3), (24, 11), (80, 39)])
def test_programs_agree_with_least_squares(points: int, inputs: int) -> None:
    """At N = 2d half of all dichotomies are separable, and just those have a bound on mistakes, found by NNLS."""
    random = np.random.default_rng(0)
    found = []
    for _ in range(40):
        x, fires = random.standard_normal((points, inputs)), random.random(points) < 0.5
        found.append(is_separable(x, fires))
        assert found[-1] == (novikoff_bound(torch.from_numpy(x), torch.from_numpy(fires.astype(int))) is not None)
    assert 5 < sum(found) < 35, "both answers were tried"


def test_a_found_unit_fires_where_it_should() -> None:
    random = np.random.default_rng(1)
    for _ in range(20):
        x, fires = random.standard_normal((8, 4)), random.random(8) < 0.5
        unit = smallest_unit(x, fires)
        assert (unit is not None) == is_separable(x, fires)
        if unit is not None:
            assert np.array_equal(x @ unit.weights >= unit.threshold - 0.5, fires)


def test_points_with_one_label_are_separable() -> None:
    assert is_separable(ROWS, np.ones(4, dtype=bool))
    assert is_separable(ROWS, np.zeros(4, dtype=bool))
