"""Bars and curves to play with: what a page in the browser draws of runs, as plain values that JSON can hold.

Every number is that of a run file, and comes with the run behind it; means are made by the page, of the seeds that its
reader leaves switched on. A run's `never` names what it had not reached by its end: of that it knows a bound alone.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import pandas as pd

from dlbench.records import store
from dlbench.records.groups import Group, Runs, of_most_seeds
from dlbench.report.cells import heading
from dlbench.report.panels import AXES, COSTS
from dlbench.report.panels.style import LINES

BEHIND: Final = ("seed", "machine", "device", "path")  # what is said of the run behind a point
MOST: Final = 24  # groups side by side: with more, points of a sweep are left out


def panel(runs: Runs, metrics: Sequence[str], by: str = "") -> dict[str, Any]:
    """The runs of each group with their ends and what was seen on the way; without groups, nothing is to be drawn.

    metrics: columns of scores, the one to begin with first. by: what curves go by, or ends stand against, at first.
    """
    groups = runs.groups if len(runs.groups) <= MOST else of_most_seeds(runs.groups)
    names = [name for name in metrics if any(group.values(name) for group in groups)]
    costs = [name for name in COSTS if any(group.values(name) for group in groups)]
    looks = _looks(groups, runs.curves, names)
    return {
        "metrics": {name: heading(name) for name in names},
        "costs": {name: heading(name) for name in costs},
        "colours": list(LINES),
        "by": by,
        "groups": [_group(group, [*names, *costs], looks) for group in groups] if names else [],
    }


def _group(group: Group, names: Sequence[str], looks: Mapping[str, Any]) -> dict[str, Any]:
    quoted = {name: group.published(name) for name in names}
    never = {name: group.never(name) for name in names}
    rows = group.runs[[name for name in (*BEHIND, *names) if name in group.runs]].to_dict("records")
    return {
        "name": group.label,
        "budget": group.budget,
        "published": {name: [one.value, one.source] for name, one in quoted.items() if one},
        "runs": [
            _run(row, names, looks) | {"never": [name for name in names if row["seed"] in never[name]]} for row in rows
        ],
    }


def _run(row: Mapping[Any, Any], names: Sequence[str], looks: Mapping[str, Any]) -> dict[str, Any]:
    """Who made it, where it lies, what it came to, and the way there."""
    return {
        "seed": int(row["seed"]),
        "machine": f"{row['machine']} ({row['device']})",
        "file": "/".join(Path(row["path"]).parts[-2:]),
        "ends": {name: value for name in names if (value := _plain(row.get(name))) is not None},
        "looks": looks.get(row["path"], {}),
    }


def _looks(groups: Sequence[Group], curves: pd.DataFrame, names: Iterable[str]) -> dict[str, dict[str, list[Any]]]:
    """By run the columns of its curve: step, examples, seconds and metrics; of runs that were looked at twice or more.

    Without the final look, which is of other examples.
    """
    if curves.empty:
        return {}
    paths = [path for group in groups for path in group.runs["path"]]
    own = curves[curves["path"].isin(paths) & ~curves["final"]]
    own = own[own.groupby("path")["step"].transform("size") > 1]
    timed = own.merge(store.clock(map(Path, own["path"].unique())), on=["path", "step"], how="left")
    columns = [name for name in (*AXES, *names) if name in timed]
    return {
        str(path): {name: [_plain(value) for value in rows[name]] for name in columns if rows[name].notna().any()}
        for path, rows in timed.sort_values("step", kind="stable").groupby("path")
    }


def _plain(value: Any) -> int | float | None:
    """A number that JSON knows, whole ones without a point; None where there is none."""
    if value is None or not math.isfinite(value):
        return None
    return int(value) if float(value).is_integer() else float(value)
