"""The figure of time lags: a line a run by sequences shown, and means of gradients by lag."""

from __future__ import annotations

from typing import Any

import pandas as pd
import studied
from matplotlib.text import Text

from dlbench.studies.time_lag import COLOURS

time_lag = studied.figure("time_lag")

MODELS = {
    "cell": ("lstm_1997", {"name": "truncated_gradient"}),
    "tanh": ("tanh_rnn", {"name": "adam", "batch_size": 32}),
}


def a_run(recipe: str, seed: int, *, untrained: bool = False, **columns: Any) -> dict[str, Any]:
    model, training = MODELS[recipe]
    run = {
        "recipe": recipe + "-untrained" * untrained, "budget": "short", "seed": seed, "status": "finished",
        "device": "cpu", "machine": "Xeon, 2 cores, 8 GiB", "fingerprint": "1a2b", "precision": "fp32",
        "recipe_digest": f"{recipe}{untrained}", "started": "2026", "published": {}, "tags": (), "message": "",
        "recipe_json": {
            "data": {"name": "adding_problem", "length": 50}, "model": {"name": model},
            "training": {"name": "no_learning"} if untrained else training,
        },
        "path": f"{recipe}/{untrained}-seed{seed}.jsonl", "test_mean_squared_error": 0.01,
        "test_gradient_norm_at_lag_1": 1e-2 * (seed + 1), "test_gradient_norm_at_lag_20": 1e-5,
    }  # fmt: skip
    return run | columns


def curves_of(runs: list[dict[str, Any]]) -> pd.DataFrame:
    keys = ("recipe", "budget", "seed", "recipe_digest", "fingerprint", "device", "path")
    return pd.DataFrame(
        [
            {key: run[key] for key in keys} | {"step": step, "test_mean_squared_error": 1 / step}
            for run in runs
            for step in (200, 100)
        ]
    )


def test_a_line_a_run_by_sequences_shown() -> None:
    runs = [a_run(recipe, seed) for recipe in MODELS for seed in (0, 1)]
    runs += [a_run("tanh", 0, untrained=True)]
    adding, reber, gradient = time_lag(pd.DataFrame(runs), curves_of(runs[:4])).axes
    lines = [line for line in adding.lines if len(line.get_xdata()) > 1]
    assert [line.get_xdata().tolist() for line in lines] == [[100, 200]] * 2 + [[3200, 6400]] * 2
    assert {line.get_ydata()[0] for line in lines} == {0.01}
    assert "50 steps" in adding.get_title()
    assert "no run has finished" in [text.get_text() for text in reber.findobj(Text)]
    drawn = {(line.get_linestyle(), line.get_color(), tuple(line.get_ydata())) for line in gradient.lines}
    assert drawn == {
        ("-", COLOURS["LSTM of 1997, no forget gate"], (0.015, 1e-5)),
        ("-", COLOURS["tanh units"], (0.015, 1e-5)),
        ("--", COLOURS["tanh units"], (0.01, 1e-5)),
    }
    assert gradient.get_yscale() == "log"


def test_the_best_constant_answer_is_a_line_across() -> None:
    runs = [a_run("cell", 0), a_run("cell", 0, recipe_digest="mean", test_mean_squared_error=0.04)]
    runs[1]["recipe"] = "mean"
    runs[1]["recipe_json"] = runs[0]["recipe_json"] | {"model": {"name": "constant"}}
    adding = time_lag(pd.DataFrame(runs), curves_of(runs[:1])).axes[0]
    assert [line.get_ydata() for line in adding.lines if line.get_linestyle() == ":"] == [[0.04, 0.04]]
    assert "best constant answer" in [text.get_text() for text in adding.findobj(Text)]


def test_nothing_measured_is_said() -> None:
    lost = [a_run("cell", 0, status="failed")]
    figure = time_lag(pd.DataFrame(lost), curves_of(lost))
    told = [text.get_text() for text in figure.findobj(Text)]
    assert told.count("no run has finished") == 3
    assert any("nothing measured yet" in text for text in told)
