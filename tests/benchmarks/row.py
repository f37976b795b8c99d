"""A row of a benchmark's table, and the table."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from rich.table import Table


@dataclass(frozen=True)
class Row:
    """What was measured beside the bar it has to meet; `met` is None where the bar is another row's, or none."""

    work: str
    measured: str
    bar: str = ""
    met: bool | None = None


def table(rows: Iterable[Row], title: str) -> Table:
    """The rows under a title."""
    found = Table(*("work", "measured", "bar", "met"), title=title, title_justify="left")
    for row in rows:
        found.add_row(row.work, row.measured, row.bar, {True: "yes", False: "no", None: ""}[row.met])
    return found
