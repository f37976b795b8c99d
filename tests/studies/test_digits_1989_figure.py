"""Rejection curves: means over seeds, published marks where they belong, and the line of 1 %."""

from __future__ import annotations

from typing import Any

import pandas as pd
import studied
from matplotlib.text import Text

digits_1989 = studied.figure("digits_1989")


NO_CURVES = pd.DataFrame()


def a_run(recipe: str, seed: int, **columns: Any) -> dict[str, Any]:
    run = {
        "recipe": recipe, "budget": "short", "seed": seed, "status": "finished", "device": "cpu", "machine": "Xeon",
        "fingerprint": "1a2b", "precision": "fp32", "recipe_digest": recipe, "started": "2026", "published": {},
        "recipe_json": {"data": {}, "model": {}, "training": {}}, "path": f"{recipe}/short-seed{seed}.jsonl",
    }  # fmt: skip
    return run | columns


def test_lines_are_means_and_marks_are_published() -> None:
    runs = [
        a_run(
            "lecun-1989", seed, test_error_percent=5.0 + seed, test_rejecting_10_error_percent=2.0 + seed,
            test_rejected_percent=14.0, published={"test_error_percent": 5.0, "test_rejected_percent": 12.1},
        )
        for seed in (0, 2)
    ]  # fmt: skip
    (axes,) = digits_1989(pd.DataFrame(runs), NO_CURVES).axes
    line, unrejected, target, one_percent = axes.lines
    assert (list(line.get_xdata()), list(line.get_ydata())) == ([0, 10], [6.0, 3.0])
    assert (list(unrejected.get_xdata()), list(unrejected.get_ydata())) == ([0.0], [5.0])
    assert (list(target.get_xdata()), list(target.get_ydata())) == ([12.1], [1.0])
    assert set(one_percent.get_ydata()) == {1.0}
    assert len(axes.collections) == 1, "a band for two seeds"


def test_nothing_measured_is_said() -> None:
    drawn = digits_1989(pd.DataFrame([a_run("lecun-1989", 0, status="failed")]), NO_CURVES)
    assert "no net has finished" in "\n".join(text.get_text() for text in drawn.findobj(Text))
