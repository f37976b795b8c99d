"""The lecture's table of data sets and algorithms, and how long breakthroughs waited for either."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pandas as pd

from dlbench import published
from dlbench.records.groups import Group, Quoted, groups
from dlbench.report.notes import footnotes, quoted
from dlbench.report.table import Table

DATA = "breakthroughs"  # a name in a recipe
KEYS = ("since", "budget", "device", "variant")
SOURCE = "the lecture's table"
FEW = "Six rows that the lecture chose: they describe themselves and are no sample of anything."


def datasets_vs_algorithms(runs: pd.DataFrame) -> list[Table]:
    """The mean delays worked out from the rows beside the lecture's, then the rows as published."""
    runs = runs.reset_index(drop=True)
    shown = [group for group in groups(runs) if group.resolved["data"].get("name") == DATA]
    delays = [_row(group) for group in shown]
    rows = [_published(row) for row in published.table("datasets_vs_algorithms").to_dict("records")]
    return [
        Table.of("Years to the breakthrough", delays, [*_rounded(delays), FEW, *footnotes(runs, shown, delays)], KEYS),
        Table.of("Breakthroughs, their data sets and their algorithms", rows, quoted(rows)),
    ]


def _row(group: Group) -> dict[str, Any]:
    delay, error = group.values("train_delay_years"), group.values("train_rms_error_years")
    return {
        "since": group.resolved["data"]["since"],
        "budget": group.budget,
        "device": group.device,
        "variant": group.mark,
        "breakthroughs": group.constant("train_examples"),
        "mean_years": delay[0] if delay else None,
        "published_mean_years": group.published("train_delay_years"),
        "rms_error_years": error[0] if error else None,
    }


def _rounded(delays: Sequence[dict[str, Any]]) -> list[str]:
    """The means with the digits that the lecture leaves out."""
    told = [f"{row['mean_years']:.2f}" for row in delays if row["mean_years"] is not None]
    return [f"To two places: {' and '.join(told)} years."] if told else []


def _published(row: dict[Any, Any]) -> dict[str, Any]:
    """A row of the lecture's table, every cell quoted but what it is about."""
    cells = {f"published_{key}": Quoted(row[key], SOURCE) for key in row if key not in ("breakthrough", "source")}
    return {"breakthrough": row["breakthrough"], **cells}
