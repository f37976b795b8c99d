"""A table: raw values with a title and notes, and the kinds of cell that say where a number comes from."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import pandas as pd

from dlbench.records.groups import Quoted
from dlbench.stats.estimates import Estimate, Measure

PUBLISHED = "published_"


@dataclass(frozen=True, eq=False)
class Table:
    """Rows of raw values under machine names with units (`test_error_percent`), and notes on where they come from.

    A cell is a text, a bool, a number, Measure, Estimate, Quoted, or missing (None or NaN). Quoted figures stand in
    columns named `published_...` and nothing measured does: ValueError otherwise.
    keys: how many leading columns name the row; a narrow page repeats them.
    mixed: columns whose cells have no unit in common, so that each shows as many decimals as it deserves.
    few_notes: a terminal prints three lines of notes and not all.
    """

    title: str
    frame: pd.DataFrame
    notes: tuple[str, ...] = ()
    keys: int = 1
    mixed: tuple[str, ...] = ()
    few_notes: bool = False

    def __post_init__(self) -> None:
        for column, cells in self.frame.items():
            quotes = str(column).startswith(PUBLISHED)
            for cell in cells:
                if isinstance(cell, Quoted) and not quotes:
                    raise ValueError(
                        f"{self.title}: a quoted figure under '{column}'; such columns are named {PUBLISHED}..."
                    )
                if isinstance(cell, Measure | Estimate) and quotes:
                    raise ValueError(f"{self.title}: a measured value under '{column}', which is for quoted figures")

    def brief(self) -> Table:
        """The same, with few notes."""
        return replace(self, few_notes=True)

    @classmethod
    def of(
        cls,
        title: str,
        rows: Sequence[Mapping[str, Any]],
        notes: Iterable[str] = (),
        keys: Sequence[str] = (),
        mixed: Sequence[str] = (),
    ) -> Table:
        """A table of rows, without the columns that hold nothing. `keys`: the first columns, which name a row."""
        columns = list(dict.fromkeys(column for row in rows for column in row))
        filled = [column for column in columns if not all(missing(row.get(column)) for row in rows)]
        # object columns keep whole numbers whole and None as None
        frame = pd.DataFrame([[row.get(column) for column in filled] for row in rows], columns=filled, dtype=object)
        return cls(title, frame, tuple(notes), max(1, sum(key in filled for key in keys)), tuple(mixed))


def missing(cell: object) -> bool:
    """Whether a cell holds nothing: None, NaN, NA, or an empty text."""
    return (
        cell is None or cell is pd.NA or cell is pd.NaT or cell == "" or (isinstance(cell, float) and math.isnan(cell))
    )


def sources(rows: Iterable[Mapping[str, Any]]) -> list[str]:
    """Where the quoted cells of these rows come from, each source once."""
    return list(dict.fromkeys(cell.source for row in rows for cell in row.values() if isinstance(cell, Quoted)))
