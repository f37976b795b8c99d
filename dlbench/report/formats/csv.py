"""CSV: full precision, one rectangle and a line a row, whatever the number of tables."""

from __future__ import annotations

import csv as library
import io
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import pandas as pd

from dlbench.report.cells import one_line, parts
from dlbench.report.table import Table

ENDING: Final = ".csv"


def tables(shown: Sequence[Table], output: Path | None = None) -> str:
    """One header and one line a row: column `table` is the title of the row's table, the last column its notes.

    Every table has its own columns filled and the others' empty. A measure takes three columns (`x`, the mean, `x_sd`,
    `x_n`), an interval four (`x`, `x_low`, `x_high`, `x_n`), a quoted figure two (`x`, `x_source`). A table without
    rows is one line with its notes.
    """
    columns = dict.fromkeys(["table", *(name for table in shown for name in _columns(table)), "notes"])
    out = io.StringIO()
    writer = library.DictWriter(out, list(columns), restval="", lineterminator="\n")
    writer.writeheader()
    writer.writerows(line for table in shown for line in _lines(table))
    return out.getvalue()


def measurements(frame: pd.DataFrame, output: Path | None = None) -> str:
    """One row a value; without the recipe, which is no cell of a spreadsheet."""
    return str(frame.drop(columns="recipe_json").to_csv(index=False, lineterminator="\n"))


def _columns(table: Table) -> list[str]:
    """The columns that the table's own columns come apart into, those of one next to each other."""
    return [name for column, cells in table.frame.items() for cell in cells for name in parts(str(column), cell)]


def _lines(table: Table) -> list[dict[str, Any]]:
    names = [str(column) for column in table.frame.columns]
    about = {"table": one_line(table.title), "notes": one_line(" ".join(table.notes))}
    lines = []
    for cells in table.frame.itertuples(index=False, name=None):
        line = dict(about)
        for name, cell in zip(names, cells, strict=True):
            line |= {part: one_line(raw) if isinstance(raw, str) else raw for part, raw in parts(name, cell).items()}
        lines.append(line)
    return lines or [about]
