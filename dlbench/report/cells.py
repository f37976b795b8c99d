"""What every format shares: headings from column names, text from cells, and raw numbers from cells."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import pandas as pd

from dlbench.records.groups import Quoted
from dlbench.report.table import Table, missing
from dlbench.stats.estimates import Estimate, Measure
from dlbench.stats.numerals import fixed, negligible, number, places_of_lone, places_of_spread

NOTHING = "–"
UNITS = {  # the first that fits
    "_percentage_points": " (points)",
    "_percent": " %",
    "_tflops": " (TFLOP/s)",
    "_gb_per_second": " (GB/s)",
    "_per_second": "/s",
    "_seconds": " (s)",
    "_ms": " (ms)",
    "_bytes": " (bytes)",
    "_gib": " (GiB)",
    "_gb": " (GB)",
    "_watts": " (W)",
    "_usd": " ($)",
}
WORDS = {"gco2_": "g CO2 ", "_reading_of_fig6": ", read off Fig. 6", "_remeasured": ", remeasured"}


class Linked(str):
    """A text that leads somewhere on a page. url: where to; may be empty."""

    url: str = ""

    @classmethod
    def to(cls, text: str, url: str) -> Linked:
        """The text, leading there."""
        linked = cls(text)
        linked.url = url
        return linked


def heading(column: str) -> str:
    """`published_test_error_percent` -> `published test error %`."""
    for unit, written in UNITS.items():
        if column.endswith(unit):
            column = column.removesuffix(unit) + written
            break
    for name, written in WORDS.items():
        column = column.replace(name, written)
    return column.replace("_", " ")


def texts(table: Table) -> list[list[str]]:
    """The table's cells as text, row by row; measures of one column show the same number of decimals."""
    columns = [
        [column_texts(str(name), [cell])[0] for cell in cells]
        if name in table.mixed
        else column_texts(str(name), cells)
        for name, cells in ((name, list(table.frame[name])) for name in table.frame.columns)
    ]
    return [list(row) for row in zip(*columns, strict=True)]


def column_texts(column: str, cells: Sequence[Any]) -> list[str]:
    """The cells of one column as text."""
    measures = _shared((cell.places, cell.has_spread) for cell in cells if isinstance(cell, Measure))
    estimates = _shared(_places(cell) for cell in cells if isinstance(cell, Estimate))
    signed = column.endswith("_percentage_points")
    return [_text(cell, measures, estimates, signed) for cell in cells]


def _shared(places: Iterable[tuple[int, bool]]) -> int:
    """Decimals for all cells of a column: the most that a cell with a known spread deserves, else that any does."""
    pairs = list(places)
    return max(
        (places for places, has_spread in pairs if has_spread or not any(has_spread for _, has_spread in pairs)),
        default=0,
    )


def is_numeric(cells: Sequence[Any]) -> bool:
    """Whether a column holds numbers and nothing else, and so aligns right."""
    values = [cell.value if isinstance(cell, Quoted) else cell for cell in cells if not missing(cell)]
    return bool(values) and all(
        isinstance(cell, Measure | Estimate | int | float | np.number) and not isinstance(cell, bool) for cell in values
    )


def parts(column: str, cell: Any) -> dict[str, Any]:
    """A cell as raw numbers, each under its own name: `x` (a mean), `x_sd`, `x_n`; `x_low`, `x_high`; `x_source`."""
    if isinstance(cell, Measure):
        never = {f"{column}_never": cell.never} if cell.never else {}
        return {column: _bare(cell.mean), f"{column}_sd": _bare(cell.sd), f"{column}_n": cell.n, **never}
    if isinstance(cell, Estimate):
        ends = {f"{column}_low": _bare(cell.low), f"{column}_high": _bare(cell.high)}
        bound = {f"{column}_bound": cell.bound} if cell.bound else {}
        return {column: _bare(cell.value), **ends, f"{column}_n": cell.n, **bound}
    if isinstance(cell, Quoted):
        return {column: _bare(cell.value), f"{column}_source": cell.source}
    return {column: _bare(cell)}


def one_line(text: str) -> str:
    """Text that cannot break out of its cell: control characters and line ends become spaces, runs of spaces one."""
    return " ".join("".join(letter if letter.isprintable() else " " for letter in text).split())


def _text(cell: Any, places: int, ends: int, signed: bool) -> str:
    if missing(cell):
        return NOTHING
    if isinstance(cell, Measure):
        return cell.text(places)
    if isinstance(cell, Estimate):
        return _estimate(cell, ends, signed)
    if isinstance(cell, bool | np.bool_):
        return "yes" if cell else "no"
    if isinstance(cell, int | float | np.number):
        return number(float(cell))
    if isinstance(cell, Quoted) and not cell.text and isinstance(cell.value, int):
        return number(cell.value)
    return one_line(str(cell)) or NOTHING


def _estimate(cell: Estimate, places: int, signed: bool) -> str:
    value, low, high = (fixed(end, places, signed=signed) for end in (cell.value, cell.low, cell.high))
    if cell.bound:
        ends = f" [{low}, …]" if math.isfinite(cell.low) else f" […, {high}]" if math.isfinite(cell.high) else ""
        return f"{cell.bound} {value}{ends} (n={cell.n})"
    return f"{value} [{low}, {high}] (n={cell.n})" if cell.has_interval else f"{value} (n={cell.n})"


def _places(cell: Estimate) -> tuple[int, bool]:
    """Decimals this estimate deserves on its own, and whether its interval says so."""
    distances = [abs(cell.value - end) for end in (cell.low, cell.high) if math.isfinite(end)]
    half = (cell.high - cell.low) / 2 if cell.has_interval else max(distances, default=math.nan)
    if not distances or negligible(half, cell.value):
        return places_of_lone(cell.value), False
    return places_of_spread(half / 5), True  # an end deserves about one digit more than the width it is known to


def _bare(value: Any) -> Any:
    """A plain Python value; None where there is none, or none that JSON knows."""
    value = value.item() if isinstance(value, np.generic) else value
    if value is pd.NA or value is pd.NaT or (isinstance(value, float) and not math.isfinite(value)):
        return None
    return value
