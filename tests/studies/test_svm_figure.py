"""Bars in pairs where the pixels were shuffled too, and the errors by degree beside those published."""

from __future__ import annotations

from typing import Any

import pandas as pd
import studied
from matplotlib.colors import to_hex
from matplotlib.text import Text

from dlbench.report.panels import style

svm = studied.figure("svm")

NO_CURVES = pd.DataFrame()


def a_run(recipe: str, error: float, data: dict[str, Any], model: dict[str, Any], **columns: Any) -> dict[str, Any]:
    run = {
        "recipe": recipe, "budget": "short", "seed": 0, "status": "finished", "device": "cpu", "machine": "Xeon",
        "fingerprint": "1a2b", "precision": "fp32", "recipe_digest": f"{recipe}{data}{model}", "started": "2026",
        "published": {}, "recipe_json": {"data": {"name": "mnist"} | data, "model": model, "training": {}},
        "test_error_percent": error, "path": f"{recipe}/short-seed0.jsonl",
    }  # fmt: skip
    return run | columns


def test_bars_pair_up_and_degrees_make_a_line() -> None:
    poly = {"name": "support_vectors", "kernel": "polynomial", "degree": 4}
    runs = [
        a_run("svm-poly", 3.0, {}, poly, published={"test_error_percent": 1.1}),
        a_run("svm-poly-permuted", 3.1, {"permute_pixels": 0}, poly),
        a_run("knn-mnist", 5.0, {}, {"name": "nearest_neighbours"}),
        a_run("lecun-1989", 5.5, {"size": 16}, {"name": "lecun_1989"}),
        *[a_run("svm-1995", 10.0 - degree, {"size": 16}, poly | {"degree": degree}) for degree in (1, 2)],
    ]
    left, right = svm(pd.DataFrame(runs), NO_CURVES).axes
    assert [(bar.get_width(), to_hex(bar.get_facecolor())) for bar in left.patches] == [
        (3.0, style.BLUE.lower()),
        (3.1, style.ORANGE.lower()),
        (5.0, style.BLUE.lower()),
    ]
    assert [label.get_text() for label in left.get_yticklabels()] == ["svm-poly", "shuffled", "knn-mnist"]
    assert [list(mark.get_xdata()) for mark in left.lines] == [[1.1]]
    measured, published = right.lines
    assert (list(measured.get_xdata()), list(measured.get_ydata())) == ([1, 2], [9.0, 8.0])
    assert list(published.get_ydata()) == [12.0, 4.7, 4.4, 4.3, 4.3, 4.2, 4.3]


def test_nothing_measured_is_said() -> None:
    drawn = svm(pd.DataFrame([a_run("svm-poly", 3.0, {}, {}, status="failed")]), NO_CURVES)
    words = "\n".join(text.get_text() for text in drawn.findobj(Text))
    assert "no classifier has finished" in words
    assert "no polynomial machine has finished" in words
