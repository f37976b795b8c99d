"""The table any recipe gets: every metric it was scored by, the published figure beside it, its size and its speed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from dlbench.measure.statistics import median
from dlbench.tables.provenance import finite_test_set, provenance, seed_range
from dlbench.tables.selection import Group, groups
from dlbench.tables.table import PUBLISHED, Table

KEYS = ("recipe", "variant", "budget", "device")
FIRST = ("test_error_percent", "test_top5_error_percent", "train_error_percent")
SIZES = ("parameters", "multiply_adds")
NOT_METRICS = {
    *KEYS, *SIZES, "seed", "title", "status", "message", "machine", "fingerprint", "recipe_digest", "dataset_digest",
    "started", "path", "train_examples", "test_examples", "steps", "threads", "training_seconds", "wall_seconds",
    "examples_per_second", "peak_memory_bytes", "published", "recipe_json", "tags",
}  # fmt: skip


def results(runs: pd.DataFrame) -> list[Table]:
    """One row for every recipe, budget and device (and for each variant of a recipe, never averaged together)."""
    runs = runs.reset_index(drop=True)
    found = groups(runs)
    names = metrics(runs)
    rows = [_row(group, names, several_devices=len({each.device for each in found}) > 1) for group in found]
    notes = provenance(runs, found, rows) + finite_test_set(found) + _unlike_machines(found)
    return [Table.of("Results", _beside(rows), notes, KEYS)]


def metrics(runs: pd.DataFrame) -> list[str]:
    """The columns that hold a metric, error rates first."""
    numeric = [name for name in runs.select_dtypes("number").columns if name not in NOT_METRICS]
    return [name for name in FIRST if name in numeric] + [name for name in numeric if name not in FIRST]


def one_machine(group: Group) -> bool:
    """Whether the group's speeds may be summarised: those of unlike machines may not."""
    return bool(group.runs["fingerprint"].nunique() <= 1)


def _row(group: Group, names: Sequence[str], several_devices: bool) -> dict[str, Any]:
    row: dict[str, Any] = {
        "recipe": group.recipe,
        "variant": group.variant,
        "budget": group.budget,
        "device": group.device if several_devices else None,
        "seeds": seed_range(group.seeds),
    }
    row |= {name: group.measure(name) for name in names}
    row |= {name: group.constant(name) for name in SIZES}
    figures = group.runs["published"].iloc[0]
    row |= {PUBLISHED + name: group.published(name) for name in (figures if isinstance(figures, Mapping) else {})}
    speeds = group.values("examples_per_second")
    if speeds and one_machine(group):
        row |= {"training_seconds": group.measure("training_seconds"), "median_examples_per_second": median(speeds)}
    return row


def _beside(rows: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """The rows with every published column right behind the measured one, where there is one."""
    columns = dict.fromkeys(column for row in rows for column in row)
    order = [
        name
        for column in columns
        if not (column.startswith(PUBLISHED) and column.removeprefix(PUBLISHED) in columns)
        for name in (column, PUBLISHED + column)
    ]
    return [{name: row.get(name) for name in order} for row in rows]


def _unlike_machines(found: Sequence[Group]) -> list[str]:
    unlike = [f"{group.recipe} ({group.budget})" for group in found if not one_machine(group)]
    return [f"No speed is given for {', '.join(unlike)}: these runs come from unlike machines."] if unlike else []
