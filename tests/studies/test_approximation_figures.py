"""The figures of the studies `backprop` and `approximation`: what is drawn where."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
import studied
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.text import Text

approximation = studied.figure("approximation")
backprop = studied.figure("backprop")


NO_CURVES = pd.DataFrame()


def a_run(recipe: str, seed: int, resolved: dict[str, Any], **columns: Any) -> dict[str, Any]:
    run = {
        "recipe": recipe, "budget": "short", "seed": seed, "status": "finished", "device": "cpu",
        "machine": "Xeon, 2 cores, 8 GiB", "fingerprint": "1a2b", "precision": "fp32", "recipe_digest": recipe,
        "started": "2026", "published": {}, "message": "", "path": f"{recipe}/short-seed{seed}.jsonl",
        "recipe_json": {"data": {}, "model": {}, "training": {}} | resolved,
    }  # fmt: skip
    return run | columns


def words(figure: Figure) -> list[str]:
    return [text.get_text() for text in figure.findobj(Text)]


def heights(line: Line2D) -> list[float]:
    return list(np.asarray(line.get_ydata()).tolist())


def taught(recipe: str, sweeps: list[float], **training: Any) -> list[dict[str, Any]]:
    data, hidden = recipe.partition("-")[0], recipe.rpartition("-")[2]
    sizes = [2, int(hidden), 1] if hidden.isdigit() else [2, 2, 1]
    training = {"name": "generalised_delta_rule", **training}
    resolved = {"data": {"function": data}, "model": {"name": "mlp", "sizes": sizes}, "training": training}
    return [
        a_run(recipe, seed, resolved, sweeps=count, converged=float(count < 9000), published={"sweeps": 247})
        for seed, count in enumerate(sweeps)
    ]


def test_backprop_draws_seeds_that_learnt_their_median_and_the_published_figure() -> None:
    runs = [*taught("xor-hidden-8", [300, 100, 200, 9999]), *taught("xor-hidden-2", [500]), *taught("parity-4", [700])]
    runs += taught("xor-gates", [500], gradients="gates")
    figure = backprop(pd.DataFrame(runs), NO_CURVES)
    left, right = figure.axes
    assert [label.get_text() for label in left.get_xticklabels()] == ["2", "8"]
    assert [label.get_text() for label in right.get_xticklabels()] == ["parity 4"]
    dots, median, published = left.lines[3:]
    assert heights(dots) == [100, 200, 300]
    assert heights(median) == [200, 200]
    assert heights(published) == [247]
    assert "75 %" in words(figure)


def test_backprop_says_when_nothing_has_finished() -> None:
    figure = backprop(pd.DataFrame([a_run("xor-hidden-2", 0, {}, status="failed")]), NO_CURVES)
    assert "no run has finished" in words(figure)


def close(recipe: str, units: int, errors: list[float]) -> list[dict[str, Any]]:
    function, activation, _ = recipe.split("-")
    model = {"sizes": [1, units, 1], "activation": activation}
    resolved = {"data": {"function": function}, "model": model, "training": {"name": "least_squares"}}
    return [
        a_run(
            recipe, seed, resolved, test_sup_error=error, test_mean_squared_error=error**2, test_barron_bound=9 / units
        )
        for seed, error in enumerate(errors)
    ]


def test_approximation_draws_means_by_units_and_the_bound() -> None:
    runs = [
        *close("wave-logistic-64", 64, [0.1, 0.3]),
        *close("wave-logistic-4", 4, [1.0]),
        *close("wave-cubic-4", 4, [1.0]),
    ]
    runs.append(a_run("sawtooth-deep", 0, {"model": {"k": 7}}, train_pieces=128.0, train_error_percent=0.0))
    figure = approximation(pd.DataFrame(runs), NO_CURVES)
    panels = {axes.get_title(): axes for axes in figure.axes}
    sup = panels["largest deviation on the test's grid"]
    lines = {line.get_label(): (np.asarray(line.get_xdata()).tolist(), heights(line)) for line in sup.lines}
    places, means = lines["a wave, logistic, least squares"]
    assert places == [4, 64]
    assert means == pytest.approx([1.0, 0.2])
    assert set(lines) == {"a wave, logistic, least squares", "a wave, cubic units, least squares"}
    dashed = [
        line for line in panels["mean squared error, and Barron's bound (dashed)"].lines if line.get_linestyle() == "--"
    ]
    assert [9 / 4, 9 / 64] in [heights(line) for line in dashed]
    assert "deep: 0 % wrong" in words(figure)


def test_the_sawtooth_drawn_has_the_teeth_of_its_folds() -> None:
    figure = approximation(pd.DataFrame(close("wave-logistic-4", 4, [1.0])), NO_CURVES)
    (teeth,) = [axes for axes in figure.axes if "mirror map" in axes.get_title()]
    peaks = [sum(value == 1 for value in heights(line)) for line in teeth.lines]
    assert peaks == [64, 4, 1]
