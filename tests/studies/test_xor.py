"""Neuron, XOR, hidden layer: solve rates, and mistakes against Novikoff's bound."""

import math
from collections.abc import Callable
from typing import Any

import pandas as pd
import pytest
import studied

from dlbench.records.groups import Quoted

xor = studied.tables("xor")

Make = Callable[..., dict[str, Any]]


def gate(run: Make, recipe: str, seed: int, right: int, **columns: Any) -> dict[str, Any]:
    rule = "perceptron_rule" if recipe.startswith("perceptron") else "sgd"
    recipe_json = run()["recipe_json"] | {"training": {"name": rule}, "score": {"name": "truth_table"}}
    scores = {"train_right": float(right), "train_solved": float(right == 4)}
    return run(recipe, seed, train_examples=4, recipe_json=recipe_json, **scores, **columns)


def row(runs: list[dict[str, Any]]) -> pd.Series:
    (table,) = xor(pd.DataFrame(runs))
    assert len(table.frame) == 1
    return table.frame.iloc[0]


def test_a_separable_gate_converges_within_the_bound(run: Make) -> None:
    found = row([gate(run, "perceptron", seed, 4, mistakes=3.0 + seed, novikoff_bound=18.0) for seed in range(5)])
    assert found["finding"] == "converged in every run; mistakes within Novikoff's bound in every run"
    assert found["runs_within_bound"] == "5 of 5"
    assert (found["mistakes"].mean, found["most_mistakes"], found["novikoff_bound"]) == (5.0, 7, 18.0)


def test_a_broken_bound_is_cried_out(run: Make) -> None:
    found = row([gate(run, "perceptron", seed, 4, mistakes=17.0 + 2 * seed, novikoff_bound=18.0) for seed in range(2)])
    assert "NOT within Novikoff's bound" in found["finding"]
    assert found["runs_within_bound"] == "1 of 2"


def test_one_neuron_never_learns_xor(run: Make) -> None:
    runs = [
        gate(
            run, "perceptron-xor", seed, 1 + seed, mistakes=200.0, novikoff_bound=math.nan, published={"train_right": 3}
        )
        for seed in range(3)
    ]
    found = row(runs)
    assert found["finding"] == "did not converge in any of 3 runs; at most 3 of 4 right"
    assert found["most_right"] == 3
    assert found["published_most_right"] == Quoted(3, "a paper")
    assert (found["solved_percent"].value, found["solved_percent"].low) == (0.0, 0.0)
    assert "novikoff_bound" not in found


def test_the_solve_rate_carries_wilsons_interval(run: Make) -> None:
    """8 of 10: Wilson's interval is [0.4902, 0.9433] (Brown, Cai & DasGupta 2001 give the formula)."""
    found = row([gate(run, "mlp-xor", seed, 4 if seed < 8 else 3) for seed in range(10)])
    rate = found["solved_percent"]
    assert (rate.value, rate.n) == (80.0, 10)
    assert (rate.low, rate.high) == pytest.approx((49.02, 94.33), abs=0.01)
    assert found["finding"] == "solved in 8 of 10 runs"


def test_a_net_that_fails_is_not_said_to_be_unable(run: Make) -> None:
    assert row([gate(run, "mlp-xor", 0, 2)])["finding"] == "solved in 0 of 1 runs"


def test_a_diverged_seed_has_not_solved_it(run: Make) -> None:
    runs = [*(gate(run, "mlp-xor", seed, 4) for seed in range(3)), run("mlp-xor", 3, status="diverged")]
    (table,) = xor(pd.DataFrame(runs))
    assert table.frame["solved_percent"].iloc[0].value == 75.0
    assert any("counted as not solved: mlp-xor seed 3" in note for note in table.notes)


def test_a_failed_seed_is_no_evidence_either_way(run: Make) -> None:
    runs = [*(gate(run, "mlp-xor", seed, 4) for seed in range(3)), run("mlp-xor", 3, status="failed")]
    (table,) = xor(pd.DataFrame(runs))
    assert table.frame["solved_percent"].iloc[0].n == 3
    assert any("mlp-xor short seed 3 on cpu (failed)" in note for note in table.notes)


def test_a_recipe_that_learns_no_truth_table_has_no_row(run: Make) -> None:
    runs = [gate(run, "mlp-xor", 0, 4), run("lenet-digits", 0, test_error_percent=3.0)]
    assert row([*runs, run("lenet-mnist", 0, status="diverged")])["recipe"] == "mlp-xor"


def test_a_net_whose_every_run_diverged_keeps_its_row(run: Make) -> None:
    lost = gate(run, "mlp-xor", 0, 2, status="diverged") | {"train_right": math.nan, "train_solved": math.nan}
    assert row([lost])["finding"] == "solved in 0 of 1 runs"
