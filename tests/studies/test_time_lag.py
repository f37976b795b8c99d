"""Time lags: a table a task and one of gradients, sequences counted alike, published figures beside."""

import math
from collections.abc import Callable
from typing import Any

import pandas as pd
import pytest
import studied

from dlbench.records.groups import Quoted, groups, of_most_seeds
from dlbench.stats.estimates import Measure
from dlbench.studies.time_lag import lags

time_lag = studied.tables("time_lag")

Make = Callable[..., dict[str, Any]]
ADAM = {"name": "adam", "lr": 0.01, "batch_size": 32}
ONLINE = {"name": "truncated_gradient", "lr": 0.5}


def adding(run: Make, recipe: str, seed: int, model: str, training: dict[str, Any], **columns: Any) -> dict[str, Any]:
    kept = run()["recipe_json"] | {
        "data": {"name": "adding_problem", "length": 50}, "model": {"name": model}, "training": training,
    }  # fmt: skip
    gradients = {
        "test_gradient_norm_at_lag_1": 1e-2, "test_gradient_norm_at_lag_20": 1e-3 * (seed + 1),
        "test_gradient_factor_per_step": 0.9,
    }  # fmt: skip
    scores = {"test_mean_squared_error": 0.01 * (seed + 1), "test_wrong_percent": 50.0}
    return run(recipe, seed, recipe_json=kept, **gradients, **scores, **columns)


def reber(run: Make, seed: int, train: float, test: float, gradient: str = "full") -> dict[str, Any]:
    model = {"name": "tanh_rnn", "gradient": gradient}
    kept = run()["recipe_json"] | {"data": {"name": "embedded_reber"}, "model": model, "training": ADAM}
    scores = {"train_solved": train, "test_solved": test, "test_wrong_memory_percent": 50.0}
    return run(f"reber-{gradient}", seed, recipe_json=kept, **scores)


@pytest.fixture
def runs(run: Make) -> pd.DataFrame:
    kept = {"published": {"test_wrong_percent": 0.039, "sequences": 74000}}
    found = [adding(run, "cell", seed, "lstm_1997", ONLINE, steps=1000 * (seed + 1), **kept) for seed in (0, 1, 2)]
    found += [adding(run, "tanh", seed, "tanh_rnn", ADAM, steps=100) for seed in (0, 1)]
    found += [adding(run, "tanh-untrained", 0, "tanh_rnn", {"name": "no_learning"}, steps=1)]
    found += [reber(run, 0, 1.0, 1.0), reber(run, 1, 1.0, 0.0), reber(run, 0, 0.0, 0.0, "one_step")]
    return pd.DataFrame(found)


def test_each_task_has_its_recipes(runs: pd.DataFrame) -> None:
    first, second, third = (table.frame.set_index("recipe") for table in time_lag(runs))
    assert list(first.index) == ["cell", "tanh"]
    assert list(second.index) == ["reber-full", "reber-one_step"]
    assert list(third.index) == ["cell", "tanh", "tanh-untrained"]
    assert third["trained"].tolist() == [True, True, False]
    tenths = third.loc["cell", "log10_gradient_norm_at_lag_20"]
    assert tenths.mean == pytest.approx(math.log10(6e-9) / 3), "of 1e-3, 2e-3 and 3e-3"


def test_sequences_count_each_time_one_is_shown(runs: pd.DataFrame) -> None:
    table = time_lag(runs)[0].frame.set_index("recipe")
    assert table["sequences"].to_dict() == {"cell": 2000, "tanh": 3200}
    assert table.loc["cell", "published_sequences"] == Quoted(74000, "a paper")
    assert table.loc["cell", "published_test_wrong_percent"] == Quoted(0.039, "a paper")
    assert table.loc["cell", "test_mean_squared_error"].mean == pytest.approx(0.02)


def test_cells_and_rules_of_1997_and_today_are_told_apart(runs: pd.DataFrame) -> None:
    first, second, _ = (table.frame.set_index("recipe") for table in time_lag(runs))
    assert (first.loc["cell", "net"], first.loc["cell", "rule"]) == (
        "LSTM of 1997, no forget gate",
        "truncated gradient, online (1997)",
    )
    assert first.loc["tanh", "rule"] == "backpropagation through time, Adam"
    assert second.loc["reber-one_step", "net"] == "tanh units (Elman)"
    assert second.loc["reber-one_step", "rule"] == "gradient through one step only, Adam"


def test_a_run_solves_the_grammar_if_both_sets_are_right(runs: pd.DataFrame) -> None:
    solved = time_lag(runs)[1].frame.set_index("recipe")["solved_percent"]
    assert (solved["reber-full"].value, solved["reber-full"].n) == (50.0, 2)
    assert solved["reber-one_step"].value == 0.0
    strings = time_lag(runs)[1].frame.set_index("recipe")["strings"]
    assert str(strings["reber-one_step"]).endswith("never)")
    assert not isinstance(strings["reber-full"], Measure)


def test_of_a_sweep_the_recipe_itself_is_the_widest(run: Make, runs: pd.DataFrame) -> None:
    swept = adding(run, "tanh", 0, "tanh_rnn", ADAM | {"lr": 0.1}, steps=100, recipe_digest="other")
    found = groups(pd.concat([runs, pd.DataFrame([swept])], ignore_index=True))
    assert [group.variant for group in found if group.recipe == "tanh"] == ["training.lr=0.01", "training.lr=0.1"]
    assert [group.variant for group in of_most_seeds(found) if group.recipe == "tanh"] == ["training.lr=0.01"]
    assert lags(found[0]) == [1, 20]
