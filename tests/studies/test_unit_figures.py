"""Figures of single units: which functions have a line, whose lines are drawn, and the curves behind the points."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pytest
from matplotlib.axes import Axes
from matplotlib.colors import to_hex
from matplotlib.figure import Figure
from matplotlib.text import Text

from dlbench.report.panels import style
from dlbench.studies.figures.gates import gates
from dlbench.studies.figures.perceptron_limits import perceptron_limits
from dlbench.training.dichotomies import LOADS

NO_CURVES = pd.DataFrame()


def a_run(recipe: str, seed: int, **columns: Any) -> dict[str, Any]:
    return {
        "recipe": recipe, "budget": "short", "seed": seed, "status": "finished", "device": "cpu", "machine": "Xeon",
        "fingerprint": "1a2b", "precision": "fp32", "recipe_digest": recipe, "started": "2026", **columns,
    }  # fmt: skip


def learnt(function: str, seed: int, mistakes: float, right: float) -> dict[str, Any]:
    recipe_json = {
        "data": {"name": "truth_table", "function": function},
        "model": {"name": "perceptron", "inputs": 2},
        "training": {"name": "perceptron_rule", "sweeps": 100},
    }
    scores = {"mistakes": mistakes, "train_right": right, "train_solved": float(right == 4)}
    return a_run(function, seed, recipe_json=recipe_json, train_examples=4, **scores)


def covered(weights: int) -> dict[str, Any]:
    shares = {f"separable_percent_at_{load:g}d": 40.0 for load in LOADS}
    scores = {"parameters": weights, "dichotomies": 50.0, "separable_points": 2.0 * weights}
    return a_run(f"cover-{weights}", 0, recipe_json={"data": {}}, **scores, **shares)


def words(figure: Figure) -> str:
    return "\n".join(text.get_text() for text in figure.findobj(Text))


def lines_of(axes: Axes, colour: str) -> int:
    return sum(to_hex(line.get_color()) == colour.lower() for line in axes.lines)


def test_every_function_of_two_inputs_but_two_has_a_line() -> None:
    counted = {"recipe_json": {"data": {"inputs": 2}}, "train_separable_functions": 14.0}
    figure = gates(pd.DataFrame([a_run("separable-2", 0, **counted)]), NO_CURVES)
    squares, counts = figure.axes[:16], figure.axes[16]
    # a line for all but the two constants, which need none, and XOR and its negation, which have none
    assert [bool(lines_of(axes, style.BLUE)) for axes in squares].count(True) == 12
    refused = [
        k for k, axes in enumerate(squares) if to_hex(axes.spines["top"].get_edgecolor()) == style.VERMILION.lower()
    ]
    assert refused == [6, 9]
    assert [bar.get_height() for bar in counts.patches] == [16, 14]


def test_lines_are_learnt_again_only_for_runs_that_came_to_the_same() -> None:
    """Seed 0 makes 20 mistakes on AND; a run that counted another number is not the one that is drawn."""
    runs = [learnt("and", 0, 20.0, 4.0), learnt("and", 1, 1.0, 4.0)]
    figure = perceptron_limits(pd.DataFrame(runs), NO_CURVES)
    assert lines_of(figure.axes[0], style.BLUE) == 1
    assert "2 of 2 seeds learn it\nat the end 4 of 4 right at most" in words(figure)
    assert words(figure).count("no run") == 2


@pytest.mark.parametrize("weights", [4, 12])
def test_measured_shares_stand_over_exact_curves(weights: int) -> None:
    figure = perceptron_limits(pd.DataFrame([covered(weights)]), NO_CURVES)
    axes = next(axes for axes in figure.axes if "Cover" in axes.get_title())
    exact = max(axes.lines, key=lambda line: len(line.get_xdata()))
    at = dict(zip(exact.get_xdata(), exact.get_ydata(), strict=True))
    assert (at[1], at[2]) == (100, 50)
    (measured,) = axes.containers
    assert measured[0].get_ydata().tolist() == [40] * len(LOADS)
    assert f"d = {weights}, 50 dichotomies" in words(figure)


def test_nothing_measured_is_said() -> None:
    failed = pd.DataFrame([learnt("and", 0, 20.0, 4.0) | {"status": "failed"}])
    assert "no unit has been measured" in words(perceptron_limits(failed, NO_CURVES))
    assert "no count has finished" in words(gates(failed, NO_CURVES))
