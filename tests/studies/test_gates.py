"""Gates and counts: measured beside published, and no number that is not in a run."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import pandas as pd
import studied

from dlbench.records.groups import Quoted

gates = studied.tables("gates")

Make = Callable[..., dict[str, Any]]


def runs(run: Make) -> pd.DataFrame:
    wired = run("gate-and", train_examples=4, train_right=4.0, published={"train_right": 4})
    scores = {"train_separable_functions": 104.0, "train_separable_percent": 40.625, "train_rows_right_on_parity": 6.0}
    counted = run(
        "separable-3", train_examples=8, linear_programs=14.0, published={"train_separable_functions": 104},
        recipe_json={"source": "Muroga 1971", "data": {"name": "boolean_functions", "inputs": 3}}, **scores,
    )  # fmt: skip
    return pd.DataFrame([wired, counted])


def test_gates_and_counts_have_a_table_each(run: Make) -> None:
    wired, counted = gates(runs(run))
    gate, count = wired.frame.iloc[0], counted.frame.iloc[0]
    assert (len(wired.frame), len(counted.frame)) == (1, 1)
    assert (gate["rows_right"], gate["rows"]) == (4, 4)
    assert (count["separable_functions"], count["functions"], count["linear_programs"]) == (104, 256, 14)
    assert count["published_separable_functions"] == Quoted(104, "Muroga 1971")
    assert math.isclose(count["separable_percent"], 40.625)
    assert (count["rows_right_on_parity"], count["rows"]) == (6, 8)


def test_a_table_without_runs_says_so(run: Make) -> None:
    wired, counted = gates(runs(run).iloc[:1])
    assert len(wired.frame) == 1
    assert counted.frame.empty
    assert any("Nothing measured here yet" in note for note in counted.notes)
