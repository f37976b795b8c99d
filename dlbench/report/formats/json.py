"""JSON: raw numbers at full precision."""

from __future__ import annotations

import json as library
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import pandas as pd

from dlbench.judge.measurements import to_json
from dlbench.records.groups import Quoted
from dlbench.report.cells import parts
from dlbench.report.changes import Comparison
from dlbench.report.table import Table
from dlbench.stats.estimates import Estimate, Measure

ENDING: Final = ".json"


def tables(shown: Sequence[Table], output: Path | None = None) -> str:
    """A list of {title, columns, rows, notes}.

    A measured cell is {mean, sd, n}, a worked-out one {value, low, high, n}, a quoted one {value, source}, a missing
    one null.
    """
    return dumped([_table(table) for table in shown])


def comparison(shown: Comparison, output: Path | None = None) -> str:
    """Its table, every number in a cell of its own."""
    return tables([shown.table(raw=True)])


def measurements(frame: pd.DataFrame, output: Path | None = None) -> str:
    """What `dlbench compare` and `dlbench export` read again."""
    return to_json(frame)


def dumped(value: object) -> str:
    """The text of a value that JSON can hold."""
    return library.dumps(value, indent=1, ensure_ascii=False, allow_nan=False) + "\n"


def _table(table: Table) -> dict[str, Any]:
    columns = [str(column) for column in table.frame.columns]
    rows = [
        {column: _cell(cell) for column, cell in zip(columns, cells, strict=True)}
        for cells in table.frame.itertuples(index=False, name=None)
    ]
    return {"title": table.title, "columns": columns, "rows": rows, "notes": list(table.notes)}


def _cell(cell: Any) -> Any:
    found = parts("", cell)
    if isinstance(cell, Measure | Estimate | Quoted):
        first = "mean" if isinstance(cell, Measure) else "value"
        return {name.removeprefix("_") or first: value for name, value in found.items()}
    return found[""]
