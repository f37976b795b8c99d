"""A row of a benchmark's table, and the table."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from dataclasses import dataclass

from rich.console import Console
from rich.table import Table

MET = {True: "yes", False: "no", None: ""}
WIDE = 200  # columns where there is no terminal: a row stays one line


@dataclass(frozen=True)
class Row:
    """What was measured beside the bar it has to meet; `met` is None where the bar is another row's, or none."""

    work: str
    measured: str
    bar: str = ""
    met: bool | None = None


def show(rows: Iterable[Row], title: str, *, as_markdown: bool) -> None:
    """Print the rows under a title."""
    cells = [("work", "measured", "bar", "met"), *((row.work, row.measured, row.bar, MET[row.met]) for row in rows)]
    if as_markdown:
        head, *body = ["| " + " | ".join(line) + " |" for line in cells]
        print("\n".join([f"{title}\n", head, "|---|---|---|---|", *body]))
        return
    table = Table(*cells[0], title=title, title_justify="left")
    for line in cells[1:]:
        table.add_row(*line)
    Console(width=None if sys.stdout.isatty() else WIDE).print(table)
