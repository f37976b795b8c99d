"""Change points: what must be marked, what must not, and how often chance is taken for a change."""

import sys

import numpy as np
import pytest

from dlbench.errors import InputError
from dlbench.stats.change_points import ALPHA, FEWEST, change_points

SCATTER = 0.015  # of the means of commits, as a share


def series(seed: int, count: int = 30, scatter: float = SCATTER) -> np.ndarray:
    return np.random.default_rng(seed).normal(100, 100 * scatter, count)


def slowed(seed: int, start: int = 19, end: int | None = None) -> np.ndarray:
    values = series(seed)
    values[start:end] *= 0.95
    return values


def test_the_twentieth_of_thirty_that_is_slower_by_5_percent_is_marked():
    marked = [change_points(slowed(seed)) for seed in range(100)]
    assert sum(places == [19] for places in marked) >= 85
    assert sum(any(abs(place - 19) <= 2 for place in places) for places in marked) >= 97


@pytest.mark.parametrize("count", [FEWEST, 30])
@pytest.mark.parametrize("heavy", [False, True])
def test_of_series_without_a_change_no_more_are_marked_than_is_said(count, heavy):
    generator = np.random.default_rng(1)
    draw = (lambda: generator.standard_t(1.5, count)) if heavy else (lambda: generator.normal(100, 1, count))
    marked = sum(bool(change_points(draw())) for _ in range(1000))
    assert marked <= 1000 * ALPHA + 3 * (1000 * ALPHA) ** 0.5  # three standard errors


def test_what_went_there_and_back_has_two_marks_and_two_steps_have_two():
    there_and_back = series(0, scatter=0.005)
    there_and_back[10:20] *= 0.95
    stairs = series(0, scatter=0.005)
    stairs[10:] *= 0.95
    stairs[20:] *= 0.95
    assert change_points(there_and_back) == change_points(stairs) == [10, 20]


def test_one_odd_value_is_no_level_and_values_without_scatter_are_judged_as_well():
    assert change_points([1.0] * 15 + [30.0] + [1.0] * 14) == []
    assert change_points([5.0] * 30) == []
    assert change_points([5.0] * 19 + [4.9] * 11) == [19]


def test_of_few_none_is_marked_and_of_many_the_newest_are_searched(monkeypatch):
    assert change_points([1.0] * (FEWEST // 2) + [2.0] * (FEWEST // 2 - 1)) == []
    monkeypatch.setattr("dlbench.stats.change_points.MOST", 30)
    assert change_points([1.0] * 15 + [2.0] * 15 + [3.0] * 15) == [30]


def test_without_the_extra_one_line_names_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "ruptures", None)
    with pytest.raises(InputError, match=r"needs the package ruptures; pip install 'dlbench\[history\]'"):
        change_points(series(0))
