"""Rows of a comparison -> the table that shows them, and the notes that say how to read it."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from dlbench.judge.changes import CHANGED, WORST_FIRST, Row, joint
from dlbench.report.table import Table
from dlbench.stats.difference import FEWEST_PROCESSES, MARGIN, PRACTICAL, Difference
from dlbench.stats.numerals import fixed, negligible, number, places_of_lone, places_of_spread

KEYS = ("new_side", "recipe", "measured", "metric")
SPEEDS = (
    "Speeds, memory and energy: ratio of geometric means over processes, NEW to BASE, with Welch's 95 % interval on "
    f"the log scale; p: exact Mann-Whitney, from {FEWEST_PROCESSES} processes a side. Called only if p < 0.05, the "
    f"interval leaves out 1 and the ratio is beyond {100 * PRACTICAL:.0f} %."
)
TURNS = (
    "Speeds of laps in turns: geometric mean over pairs of processes of the ratio of their laps, NEW to BASE, with "
    "Student's interval on the log scale, which is never narrower than the scatter of a pair's laps, corrected for "
    "their correlation, allows. Tested after each pair at the level of 0.1 %, and in the end at the rest of 5 % "
    "(Haybittle and Peto), so that at most 5 % of gates find a difference where there is none."
)
COMMITS = (
    "Speeds, memory and energy: ratio of NEW to the geometric mean of earlier commits, with Student's 95 % interval "
    "for one more commit of the same kind; n counts commits."
)
ERRORS = (
    "Errors and other scores: mean difference, NEW less BASE, in the metric's unit, paired seed by seed, with "
    "Student's 95 % interval."
)
SAME = (
    f"Same: all values alike, or the whole interval within the limit, or {100 * MARGIN:.0f} % of BASE where there is "
    "none. Inconclusive: these measurements cannot tell."
)


@dataclass(frozen=True)
class Comparison:
    """BASE compared with other sides. shown: the rows that a reader sees, in this order."""

    rows: Sequence[Row]
    base: str
    shown: Sequence[Row]
    notes: Sequence[str] = ()

    def table(self, *, raw: bool = False) -> Table:
        """Its table, for a reader or, raw, for a program; see `table_of`."""
        return table_of(self.rows, self.base, self.notes, visible=self.shown, raw=raw)


def table_of(
    rows: Sequence[Row],
    base: str,
    notes: Sequence[str] = (),
    *,
    visible: Sequence[Row] | None = None,
    raw: bool = False,
) -> Table:
    """The table of all rows, or of those `shown`; its notes count all.

    raw: for a program, every number in a cell of its own. Else for a reader: reasons are notes, bytes are MiB.
    """
    visible = rows if visible is None else visible
    sides = list(dict.fromkeys(row.side for row in rows))
    measured = {row.measured for row in rows}
    if raw:
        cells = [_names(row) | _numbers(row) for row in visible]
    else:
        dropped = {"new_side": None} if len(sides) == 1 else {}
        dropped |= {"measured": None} if len(measured) == 1 else {}
        cells = [_names(row) | dropped | _texts(row) for row in visible]
    all_notes = [
        *_counted(rows, visible),
        *joint(rows),
        *([] if raw else _reasons(visible, len(sides) > 1)),
        *notes,
        *_how(visible),
    ]
    all_notes += [f"All rows: {next(iter(measured))}."] if len(measured) == 1 and not raw else []
    return Table.of(f"{' and '.join(sides)} against {base}", cells, all_notes, KEYS)


def ordered(rows: Sequence[Row], sort: str, *, only_changed: bool = False) -> list[Row]:
    """The rows by `name` (of the recipe), `ratio` (what got worse most first) or `verdict` (worst first).

    only_changed: only rows that changed or whose limit was not kept.
    """
    chosen = [
        row for row in rows if not only_changed or row.verdict in CHANGED or row.outcome in ("breached", "undecided")
    ]
    if sort == "ratio":
        return sorted(chosen, key=_severity, reverse=True)
    if sort == "verdict":
        return sorted(chosen, key=lambda row: (row.outcome != "breached", WORST_FIRST.index(row.verdict)))
    order = {side: rank for rank, side in enumerate(dict.fromkeys(row.side for row in rows))}
    return sorted(chosen, key=lambda row: (order[row.side], row.recipe))


def _severity(row: Row) -> float:
    """How much worse, as a share of the base; unknown ones come last."""
    if math.isnan(row.worse_by):
        return -math.inf
    if row.difference and row.difference.is_ratio:
        return row.worse_by
    return row.worse_by / abs(row.base) if row.base else math.copysign(math.inf, row.worse_by) if row.worse_by else 0.0


def _names(row: Row) -> dict[str, Any]:
    return {"new_side": row.side, "recipe": row.recipe, "measured": row.measured, "metric": row.name}


def _numbers(row: Row) -> dict[str, Any]:
    difference = row.difference
    return {
        "verdict": row.verdict,
        "why": row.why,
        "base": row.base,
        "new": row.new,
        "ratio": difference.estimate if difference and difference.is_ratio else None,
        "difference": difference.estimate if difference and not difference.is_ratio else None,
        "p": difference.p if difference else None,
        "limit": row.limit.text if row.limit else None,
        "outcome": row.outcome,
    }


def _texts(row: Row) -> dict[str, Any]:
    """The cells for a reader, the most important first: a narrow page moves the rest to a table of its own."""
    difference = row.difference
    return {
        "verdict": row.verdict,
        "limit": f"{row.limit.text}: {row.outcome}" if row.limit else None,
        "change": _change(difference) if difference else None,
        "p": f"{difference.p:.2g}"
        if difference and not math.isnan(difference.p) and not difference.identical
        else None,
        "n": difference.estimate.n if difference else None,
        "base": _value(row, row.base),
        "new": _value(row, row.new),
    }


def _change(difference: Difference) -> str:
    """`x0.952 [0.940, 0.964]` or `+0.60 [0.20, 1.00]`."""
    ends, places, sign = difference.estimate, 3, "x"
    if not difference.is_ratio:
        half = (ends.high - ends.low) / 2
        has_digits = ends.has_interval and not negligible(half, ends.value)
        places = places_of_spread(half / 5) if has_digits else places_of_lone(ends.value)
        sign = "+" if ends.value > 0 else ""
    interval = f" [{fixed(ends.low, places)}, {fixed(ends.high, places)}]" if ends.has_interval else ""
    return f"{sign}{fixed(ends.value, places)}{interval}"


def _value(row: Row, value: float) -> str | None:
    if math.isnan(value):
        return None
    return f"{value / 2**20:,.0f} MiB" if row.metric and row.metric.unit == "bytes" else number(value)


def _reasons(rows: Sequence[Row], several_sides: bool) -> list[str]:
    """Each reason once, with its rows."""
    rows_by_reason: dict[str, list[str]] = {}
    for row in rows:
        if row.why:
            name = f"{row.side} {row.recipe} {row.name}" if several_sides else f"{row.recipe} {row.name}"
            rows_by_reason.setdefault(f"{row.verdict.capitalize()}, {row.why}", []).append(name)
    return [f"{why}: {', '.join(dict.fromkeys(names))}." for why, names in rows_by_reason.items()]


def _how(rows: Sequence[Row]) -> list[str]:
    differences = [row.difference for row in rows if row.difference]
    kinds = {_kind(change) for change in differences}
    return [*(kind for kind in (TURNS, COMMITS, SPEEDS, ERRORS) if kind in kinds), *([SAME] if kinds else [])]


def _kind(change: Difference) -> str:
    if not change.is_ratio:
        return ERRORS
    return TURNS if change.in_turns else COMMITS if change.of_commits else SPEEDS


def _counted(rows: Sequence[Row], visible: Sequence[Row]) -> list[str]:
    counts = Counter(row.verdict for row in rows)
    parts = ", ".join(f"{counts[verdict]} {verdict}" for verdict in WORST_FIRST if counts[verdict])
    hidden = f"; {len(visible)} shown" if len(visible) < len(rows) else ""
    breached = sum(row.outcome == "breached" for row in rows)
    limits = f"; {_number(breached, 'limit')} breached" if any(row.limit for row in rows) else ""
    return [f"{_number(len(rows), 'row')}: {parts}{limits}{hidden}."] if rows else ["Nothing measured."]


def _number(count: int, noun: str) -> str:
    return f"{count} {noun}{'s' if count != 1 else ''}"
