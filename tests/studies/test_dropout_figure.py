"""Bars of test errors, and curves of the arms with most examples."""

from typing import Any

import pandas as pd
import pytest
import studied
from matplotlib.colors import to_hex
from matplotlib.text import Text

from dlbench.report.panels.style import GREY

dropout = studied.figure("dropout")


def a_run(recipe: str, seed: int, error: float, retain: float, examples: int = 6000, decay: float = 0.0) -> Any:
    """A run of a net."""
    return {
        "recipe": recipe, "budget": "short", "seed": seed, "status": "finished", "device": "cpu", "tags": (),
        "machine": "Xeon, 2 cores", "fingerprint": "1a2b", "precision": "fp32", "recipe_digest": f"{recipe} {decay}",
        "started": "2026", "published": {}, "message": "", "path": f"{recipe}/{seed}-{decay}",
        "train_examples": examples, "test_error_percent": error,
        "recipe_json": {
            "data": {"name": "mnist"}, "training": {"name": "sgd", "weight_decay": decay},
            "model": {"name": "dropout_net", "retain_inputs": retain, "retain_hidden": retain},
        },
    }  # fmt: skip


@pytest.fixture
def runs() -> pd.DataFrame:
    made = [a_run("relu-mnist", seed, 5.0 + seed, 1.0) for seed in (0, 1)]
    made += [a_run("relu-mnist-l2", seed, 4.5 + seed, 1.0, decay=0.001) for seed in (0, 1)]
    made += [a_run("relu-mnist-l2", 0, 4.0, 1.0, decay=0.003)]
    made += [a_run("relu-mnist-dropout", seed, 4.0, 0.5) for seed in (0, 1)]
    made += [a_run("relu-mnist-500", seed, 14.0, 1.0, examples=500) for seed in (0, 1)]
    return pd.DataFrame(made)


@pytest.fixture
def curves(runs: pd.DataFrame) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "path": run["path"],
            "seed": run["seed"],
            "step": step,
            "final": False,
            "test_error_percent": run["test_error_percent"] * more,
        }
        for run in runs.to_dict("records")
        for step, more in ((100, 4.0), (200, 2.0), (300, 1.0))
    )


def test_a_bar_for_each_arm_and_a_dot_for_each_seed(runs: pd.DataFrame, curves: pd.DataFrame) -> None:
    left = dropout(runs, curves).axes[0]
    assert [bar.get_width() for bar in left.patches] == [5.5, 5.0, 4.0, 14.0]
    labels = [label.get_text() for label in left.get_yticklabels()]
    assert labels[0] == "nothing\n6,000 examples"
    assert labels[3] == "nothing\n500 examples"
    assert not any("0.003" in label for label in labels), "a point of the sweep is no arm"
    dots = [line.get_xdata().tolist() for line in left.lines if line.get_marker() == "o"]
    assert dots == [[5.0, 6.0], [4.5, 5.5], [4.0, 4.0], [14.0, 14.0]]


def test_the_curves_have_their_bars_colours(runs: pd.DataFrame, curves: pd.DataFrame) -> None:
    left, right = dropout(runs, curves).axes
    assert [line.get_ydata().tolist()[-1] for line in right.lines] == [5.5, 5.0, 4.0]
    bars = [to_hex(bar.get_facecolor()) for bar in left.patches]
    assert [to_hex(line.get_color()) for line in right.lines] == bars[:3]
    assert bars[3] == GREY, "few examples have no curve"
    assert right.get_title() == "6,000 examples"


def test_nothing_measured_is_said(runs: pd.DataFrame) -> None:
    figure = dropout(runs.assign(status="failed"), pd.DataFrame())
    words = [text.get_text() for text in figure.findobj(Text)]
    assert "no run has finished" in words
    assert "no curve was kept" in words
