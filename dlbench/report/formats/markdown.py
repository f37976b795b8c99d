"""GitHub-flavoured Markdown."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import pandas as pd

from dlbench.report import benchmarks
from dlbench.report.cells import heading, is_numeric, one_line, texts
from dlbench.report.changes import Comparison
from dlbench.report.table import Table

ENDING: Final = ".md"
SPECIAL = re.compile(r"[\\`*\[\]<>|&~$]|(?<!\w)_|_(?!\w)")  # an underscore within a word is only an underscore


def tables(shown: Sequence[Table], output: Path | None = None) -> str:
    """Each table under a heading of its own, its notes as a list below."""
    return "\n".join(_table(table) for table in shown)


def comparison(shown: Comparison, output: Path | None = None) -> str:
    """Its table."""
    return tables([shown.table()])


def measurements(frame: pd.DataFrame, output: Path | None = None) -> str:
    """One row a benchmark, with the mean and deviation of its metrics."""
    return tables([benchmarks.table(frame)])


def escaped(text: str) -> str:
    """Text that Markdown shows as it stands, on one line."""
    return SPECIAL.sub(r"\\\g<0>", one_line(text))


def _table(table: Table) -> str:
    lines = [f"### {escaped(table.title)}", ""]
    if len(table.frame):
        names = [str(name) for name in table.frame.columns]
        lines.append(_row([heading(name) for name in names]))
        lines.append("|" + "|".join("---:" if is_numeric(list(table.frame[name])) else "---" for name in names) + "|")
        lines += [_row(row) for row in texts(table)]
        lines.append("")
    notes = [f"- {escaped(note)}" for note in table.notes]
    return "\n".join([*lines, *notes, *([""] if notes else [])])


def _row(cells: Sequence[str]) -> str:
    return "| " + " | ".join(escaped(cell) for cell in cells) + " |"
