"""What nets of 1943's neurons compute, and how many Boolean functions a single unit can."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pandas as pd

from dlbench.records.groups import Group, budget_rank, groups
from dlbench.report.notes import footnotes
from dlbench.report.table import Table

KEYS = ("recipe", "variant", "budget", "device")
COUNTED = "train_separable_functions"


def gates(runs: pd.DataFrame) -> list[Table]:
    """One table of the gates, rows right of all rows, and one of the functions that single units compute."""
    runs = runs.reset_index(drop=True)
    found = groups(runs)
    counting = sorted((group for group in found if group.values(COUNTED)), key=_by_inputs)
    wired = [group for group in found if group.values("train_right")]
    return [
        _table("Gates of neurons that never learn", runs, wired, [_gate(group) for group in wired], []),
        _table(
            "Boolean functions that a single unit computes",
            runs,
            counting,
            [_count(group) for group in counting],
            [
                "Separable: the unit was found by linear programming and is right on every row; one program for all "
                "functions that differ in which inputs are negated or exchanged, or in their own negation.",
                "Right on parity: the most rows of parity, XOR for two inputs, that any single unit gets right.",
            ],
        ),
    ]


def inputs_of(group: Group) -> int:
    """How many inputs the functions have."""
    return int(group.resolved["data"]["inputs"])


def _by_inputs(group: Group) -> tuple[int, int]:
    return budget_rank(group.budget), inputs_of(group)


def _table(
    title: str, runs: pd.DataFrame, shown: Sequence[Group], rows: Sequence[dict[str, Any]], notes: Sequence[str]
) -> Table:
    own = runs[runs["recipe"].isin({group.recipe for group in shown})] if shown else runs
    if len({group.device for group in shown}) <= 1:
        rows = [row | {"device": None} for row in rows]
    return Table.of(title, rows, [*notes, *footnotes(own, shown, rows)], KEYS)


def _name(group: Group) -> dict[str, Any]:
    return {"recipe": group.recipe, "variant": group.variant, "budget": group.budget, "device": group.device}


def _gate(group: Group) -> dict[str, Any]:
    return _name(group) | {
        "rows": group.constant("train_examples"),
        "rows_right": group.constant("train_right"),
        "published_rows_right": group.published("train_right"),
    }


def _count(group: Group) -> dict[str, Any]:
    inputs = inputs_of(group)
    return _name(group) | {
        "inputs": inputs,
        "functions": 2 ** (2**inputs),
        "linear_programs": group.constant("linear_programs"),
        "separable_functions": group.constant(COUNTED),
        "published_separable_functions": group.published(COUNTED),
        "separable_percent": round(group.values("train_separable_percent")[0], 3),
        "rows": 2**inputs,
        "rows_right_on_parity": group.constant("train_rows_right_on_parity"),
    }
