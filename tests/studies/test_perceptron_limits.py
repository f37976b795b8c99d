"""Rosenblatt's rule against its bound over all problems, and random labels against the exact chances."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import pandas as pd
import pytest
import studied

perceptron_limits = studied.tables("perceptron_limits")


Make = Callable[..., dict[str, Any]]


def learnt(run: Make, recipe: str, seed: int, mistakes: float, bound: float, problem: int = 0) -> dict[str, Any]:
    recipe_json = {"data": {"name": "linearly_separable", "problem": problem}, "model": {"inputs": 2}, "training": {}}
    scores = {"train_right": 100.0, "train_solved": 1.0, "mistakes": mistakes, "novikoff_bound": bound}
    return run(recipe, seed, recipe_json=recipe_json, recipe_digest=f"{recipe}-{problem}", train_examples=100, **scores)


def covered(run: Make, seed: int, percent: float) -> dict[str, Any]:
    shares = {f"separable_percent_at_{load}d": percent for load in ("1.5", "2", "2.5")}
    return run("cover-4", seed, parameters=4, dichotomies=50.0, separable_points=8.0 + seed, **shares)


def test_all_problems_of_a_recipe_share_a_row(run: Make) -> None:
    runs = [learnt(run, "perceptron-random-2", seed, 10.0 * seed, 100.0) for seed in range(3)]
    runs.append(learnt(run, "perceptron-random-2", 0, 60.0, 80.0, problem=1))
    found = perceptron_limits(pd.DataFrame(runs))[0].frame
    assert len(found) == 1
    row = found.iloc[0]
    assert (row["problems"], row["runs_converged"], row["runs_within_bound"]) == (2, "4 of 4", "4 of 4")
    assert row["most_of_bound_percent"] == 75
    assert (row["mistakes"].mean, row["mistakes"].n) == (22.5, 4)


def test_a_broken_bound_and_no_bound_are_told(run: Make) -> None:
    broken = learnt(run, "perceptron", 0, 81.0, 80.0)
    unbounded = learnt(run, "perceptron-xor", 0, 200.0, math.nan) | {"train_solved": 0.0, "train_right": 2.0}
    found = perceptron_limits(pd.DataFrame([broken, unbounded]))[0].frame
    assert found["runs_within_bound"].tolist() == ["0 of 1", None]
    assert found["runs_converged"].tolist() == ["1 of 1", "0 of 1"]
    assert found["most_right"].tolist() == [100, 2]


def test_shares_are_pooled_over_seeds_with_wilsons_interval(run: Make) -> None:
    """40 of 50 and 40 of 50 are 80 of 100: Wilson's interval is [0.7112, 0.8666]."""
    found = perceptron_limits(pd.DataFrame([covered(run, seed, 80.0) for seed in range(2)]))[1].frame
    assert found["points"].tolist() == [6, 8, 10]
    share = found["separable_percent"].iloc[1]
    assert (share.value, share.n) == (80, 100)
    assert (share.low, share.high) == pytest.approx((71.12, 86.66), abs=0.01)
    assert found["exact_separable_percent"].tolist() == [81.25, 50, 25.39]
    assert (found["mean_separable_points"].iloc[1].mean, found["exact_mean_points"].iloc[1]) == (8.5, 8)


def test_rows_stand_by_size_whatever_ran_first(run: Make) -> None:
    small, large = covered(run, 0, 80.0), covered(run, 0, 80.0) | {"recipe": "cover-12", "parameters": 12}
    runs = pd.DataFrame([large | {"recipe_digest": "b"}, small | {"recipe_digest": "a"}])
    assert perceptron_limits(runs)[1].frame["weights"].tolist() == [4, 4, 4, 12, 12, 12]
