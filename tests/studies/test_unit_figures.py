"""Figures of single units: where they say yes, which functions have none, and the curves behind the points."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import studied
import torch
from matplotlib.colors import to_hex
from matplotlib.figure import Figure
from matplotlib.text import Text
from torch import nn

from dlbench.data.boolean_functions import boolean_functions
from dlbench.data.truth_table import truth_table
from dlbench.models.perceptron import perceptron
from dlbench.models.threshold_units import threshold_units
from dlbench.pictures import unit_square
from dlbench.records.events import Pictures, line
from dlbench.report.panels import style
from dlbench.report.panels.unit_square import at_corners
from dlbench.training.dichotomies import LOADS
from dlbench.training.linear_program import linear_program

gates = studied.figure("gates")
perceptron_limits = studied.figure("perceptron_limits")

NO_CURVES = pd.DataFrame()


def a_run(recipe: str, seed: int, **columns: Any) -> dict[str, Any]:
    return {
        "recipe": recipe, "budget": "short", "seed": seed, "status": "finished", "device": "cpu", "machine": "Xeon",
        "fingerprint": "1a2b", "precision": "fp32", "recipe_digest": recipe, "started": "2026", "path": "", **columns,
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


def answers(path: Path, model: nn.Module) -> str:
    """A run file that kept what the model answers over the unit square."""
    pictures = unit_square.unit_square(model, truth_table(Path(), function="and"))
    path.write_text(line(Pictures.of(pictures)))
    return str(path)


def test_every_function_of_two_inputs_but_two_is_shaded_where_it_is_true(tmp_path: Path) -> None:
    learnt_units = threshold_units(inputs=2, units=16)
    for _ in linear_program(learnt_units, boolean_functions(Path(), inputs=2), torch.Generator()):
        pass
    path = answers(tmp_path / "run.jsonl", learnt_units)
    counted = {"recipe_json": {"data": {"inputs": 2}}, "train_separable_functions": 14.0, "path": path}
    figure = gates(pd.DataFrame([a_run("separable-2", 0, **counted)]), NO_CURVES)
    squares, counts = figure.axes[:16], figure.axes[16]
    refused = [
        k for k, axes in enumerate(squares) if to_hex(axes.spines["top"].get_edgecolor()) == style.VERMILION.lower()
    ]
    assert refused == [6, 9], "XOR and its negation"
    assert [at_corners(axes.images[0].get_array()) for axes in squares if axes.images] == [
        [bool(k >> row & 1) if k not in refused else False for row in range(4)] for k in range(16)
    ]
    assert [bar.get_height() for bar in counts.patches] == [16, 14]


def test_a_square_is_shaded_by_the_share_of_seeds_that_say_yes(tmp_path: Path) -> None:
    runs = [learnt("and", seed, 20.0, 4.0) for seed in (0, 1, 2)]
    for run, bias in zip(runs, (-1.5, -1.5, -0.5), strict=True):
        unit = perceptron(inputs=2)
        with torch.no_grad():
            unit.weight.fill_(1.0)
            unit.bias.fill_(bias)
        run["path"] = answers(tmp_path / f"{run['seed']}.jsonl", unit)
    figure = perceptron_limits(pd.DataFrame(runs), NO_CURVES)
    (image,) = figure.axes[0].images
    shares = image.get_array()
    assert (shares[0, 0], shares[-1, -1]) == (0, 1)
    assert shares[27, 7] == pytest.approx(1 / 3), "one of three says yes to 01"
    assert "3 of 3 seeds learn it\nat the end 4 of 4 right at most" in words(figure)
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
