"""Sweeps until learnt: shares, means with and without nets that never learn, and gradients beside them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pandas as pd
import pytest
import studied

from dlbench.records.groups import Quoted

backprop = studied.tables("backprop")

Make = Callable[..., dict[str, Any]]


def net(run: Make, seed: int, sweeps: float, converged: float, recipe: str = "xor-direct") -> dict[str, Any]:
    training = {"name": "generalised_delta_rule", "lr": 0.5}
    recipe_json = run()["recipe_json"] | {"training": training, "model": {"name": "direct_links", "init_range": 0.3}}
    return run(
        recipe, seed, sweeps=sweeps, converged=converged, recipe_json=recipe_json, published={"sweeps": 558},
        parameters=7,
    )  # fmt: skip


def test_a_net_that_never_learns_counts_its_budget_and_is_told_apart(run: Make) -> None:
    runs = [net(run, 0, 400, 1), net(run, 1, 600, 1), net(run, 2, 800, 1), net(run, 3, 10_000, 0)]
    row = backprop(pd.DataFrame(runs))[0].frame.iloc[0]
    assert (row["learnt_percent"].value, row["learnt_percent"].n) == (75.0, 4)
    assert (row["sweeps"].mean, row["sweeps"].n, row["median_sweeps"]) == (2950.0, 4, 700.0)
    assert str(row["sweeps"]) == "≥ 2950 (1 of 4 never)"
    assert (row["sweeps_where_learnt"].mean, row["sweeps_where_learnt"].n) == (600.0, 3)
    assert row["published_sweeps"] == Quoted(558, "a paper")
    assert (row["init_range"], row["lr"], row["parameters"]) == (0.3, 0.5, 7)


def test_none_learnt(run: Make) -> None:
    (row,) = backprop(pd.DataFrame([net(run, 0, 50, 0)]))[0].frame.to_dict("records")
    assert row["learnt_percent"].value == 0.0
    assert row["median_sweeps"] == "≥ 50"
    assert "sweeps_where_learnt" not in row


def test_gradients_have_a_table_of_their_own_with_the_worst_of_all_seeds(run: Make) -> None:
    checks = [
        net(run, seed, 20, 0, "gradient-check")
        | {"train_largest_relative_deviation": deviation, "train_gradients": 52.0}
        for seed, deviation in enumerate([1e-15, 3e-14])
    ]
    sweeps, gradients = backprop(pd.DataFrame([*checks, net(run, 0, 400, 1)]))
    assert list(sweeps.frame["recipe"]) == ["xor-direct"]
    (row,) = gradients.frame.to_dict("records")
    assert (row["largest_relative_deviation"], row["gradients"], row["seeds"]) == ("3.0e-14", 52, 2)


def test_the_share_solved_as_drawn(run: Make) -> None:
    runs = [net(run, seed, 900, 1) | {"train_solved_as_drawn": float(seed < 3)} for seed in range(4)]
    assert backprop(pd.DataFrame(runs))[0].frame["solved_as_drawn_percent"].iloc[0].value == pytest.approx(75)
