"""Figures of codes, breakthroughs and AlexNet's tricks: what is drawn is what was measured."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import studied
import torch
from matplotlib.text import Text

from dlbench.records.events import Pictures
from dlbench.report.panels.pictures import tiled

alexnet_tricks = studied.figure("alexnet_tricks")
datasets_vs_algorithms = studied.figure("datasets_vs_algorithms")
representations = studied.figure("representations")


def a_run(recipe: str, seed: int, data: dict[str, Any], model: dict[str, Any], **columns: Any) -> dict[str, Any]:
    resolved = {"data": data, "model": model, "training": {"lr": 0.1}}
    return {
        "recipe": recipe, "budget": "short", "seed": seed, "status": "finished", "device": "cpu", "machine": "Xeon (2)",
        "fingerprint": "1a2b", "precision": "fp32", "recipe_digest": f"{recipe}{data}{model}", "started": "2026",
        "published": {}, "recipe_json": resolved, "path": f"{recipe}-{seed}.jsonl",
    } | columns  # fmt: skip


def words(figure: Any) -> str:
    return "\n".join(text.get_text() for text in figure.findobj(Text))


def test_representations_draws_both_laws_and_all_errors() -> None:
    runs = [
        a_run(f"codes-{code}", 0, {"name": "codes", "code": code, "units": n}, {}, train_told_apart=float(count))
        for n in (2, 3)
        for code, count in (("localist", n), ("distributed", 2**n))
    ]
    net = {"sizes": [12, 16, 2]}
    runs += [
        a_run("things-random", seed, {"name": "things", "code": "random"}, net, train_error_percent=0.0)
        | {"test_error_percent": 40.0 + seed}
        for seed in (0, 2)
    ]
    left, right = representations(pd.DataFrame(runs), pd.DataFrame()).axes
    dots = [line.get_ydata().tolist() for line in left.lines if line.get_marker() == "o"]
    assert dots == [[4, 8], [2, 3]]
    assert [bar.get_height() for bar in right.patches] == [0, 41]


def test_breakthroughs_are_drawn_with_the_mean_delays() -> None:
    runs = [
        a_run("a", 0, {"name": "breakthroughs", "since": "dataset"}, {}, train_delay_years=16 / 6),
        a_run("b", 0, {"name": "breakthroughs", "since": "algorithm"}, {}, train_delay_years=109 / 6),
    ]
    figure = datasets_vs_algorithms(pd.DataFrame(runs), pd.DataFrame())
    (axes,) = figure.axes
    assert [len(dots.get_offsets()) for dots in axes.collections] == [6, 6, 6]
    assert sorted(axes.collections[2].get_offsets()[:, 0]) == [1994, 1997, 2005, 2011, 2014, 2015]
    assert "mean since the data set: 2.67 years; mean since the algorithm: 18.17 years" in words(figure)


@pytest.fixture
def tricks(tmp_path: Path) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Two seeds of two activations, with filters in a run file, a sweep's run beside them, and two AlexNets."""
    runs, curves = [], []
    for activation, slope in (("relu", 20.0), ("tanh", 10.0)):
        model = {"name": "four_layer_convnet", "activation": activation, "initial": "file"}
        for seed in (0, 1):
            path = tmp_path / f"{activation}{seed}.jsonl"
            kept = {"event": "pictures", "pictures": Pictures.of({"filters": torch.rand(4, 3, 5, 5)}).pictures}
            path.write_text(json.dumps(kept) + "\n")
            runs.append(a_run(f"four-layer-{activation}", seed, {}, model, path=str(path)))
            curves += [
                {
                    "path": str(path),
                    "seed": seed,
                    "step": step,
                    "final": False,
                    "train_error_percent": 90 - slope * step - seed,
                }
                for step in (1, 2)
            ]
    runs.append(a_run("four-layer-relu", 0, {}, runs[0]["recipe_json"]["model"] | {"width": 9}))
    for name, rate in (("alexnet-bare", 0.0), ("alexnet-dropout", 0.5)):
        net = {"name": "alexnet_cifar", "dropout": rate}
        runs += [
            a_run(name, seed, {"augment": "none"}, net, train_error_percent=10.0, test_error_percent=50.0 - 10 * rate)
            for seed in (0, 1)
        ]
    return pd.DataFrame(runs), pd.DataFrame(curves)


def test_alexnet_tricks_draws_curves_errors_and_filters(tricks: tuple[pd.DataFrame, pd.DataFrame]) -> None:
    left, middle, right = alexnet_tricks(*tricks).axes[:3]
    assert [line.get_ydata().tolist() for line in left.lines[:2]] == [[69.5, 49.5], [79.5, 69.5]]
    assert [bar.get_height() for bar in middle.patches] == [10, 10, 50, 45]
    assert [label.get_text() for label in middle.get_xticklabels()] == ["neither", "dropout"]
    assert [axes.get_title() for axes in right.child_axes] == ["four-layer-relu", "four-layer-tanh"]
    assert all(len(axes.images) == 1 for axes in right.child_axes)


def test_alexnet_tricks_says_what_is_missing() -> None:
    text = words(alexnet_tricks(pd.DataFrame([a_run("other", 0, {}, {"name": "mlp"})]), pd.DataFrame()))
    assert "no curve was kept" in text
    assert "no filters were kept" in text


def test_filters_are_tiled_row_by_row_with_a_gap() -> None:
    filters = np.stack([np.full((3, 2, 2), shade) for shade in (0.0, 0.25, 0.5)])
    sheet = tiled(filters, columns=2)
    assert sheet.shape == (5, 5, 3)
    assert (sheet[0, 0, 0], sheet[0, 3, 0], sheet[3, 0, 0], sheet[3, 3, 0]) == (0.0, 0.25, 0.5, 1.0)
    assert (sheet[2], sheet[:, 2]) == (pytest.approx(np.ones((5, 3))), pytest.approx(np.ones((5, 3))))
