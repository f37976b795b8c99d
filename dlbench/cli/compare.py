"""The verb `compare`: two or more sides -> rows, a table in some format, and an exit code for scripts."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from dlbench import exits, streams
from dlbench.cli import baseline
from dlbench.cli.options import ComparisonFormat, Limits, Output, Strict
from dlbench.errors import InputError
from dlbench.judge import limits, metrics
from dlbench.judge.limits import Limit
from dlbench.reading import near
from dlbench.records import raw_files

if TYPE_CHECKING:
    import pandas as pd

    from dlbench.judge.changes import Row
    from dlbench.judge.series import Subject

    Side = tuple[str, pd.DataFrame | list[Subject], pd.DataFrame]  # its name, what it is held against, itself
Sort = Literal["name", "ratio", "verdict"]
ONE_AFTER_ANOTHER = (
    "What changed on the machine between the two sides counts as well: `dlbench gate` measures them in turns."
)


def compare(
    base: Annotated[
        str, typer.Argument(help="A results folder, a pack, a run or timing file, an exported JSON, or a baseline.")
    ],
    new: Annotated[
        list[str] | None, typer.Argument(metavar="NEW...", help="What to compare with it, the same kinds.")
    ] = None,
    metric: Annotated[list[str] | None, typer.Option(help="Compare this instead of the usual; repeatable.")] = None,
    fail: Annotated[
        list[str] | None,
        typer.Option(metavar="METRIC:LIMIT", help="Fail if worse by more, such as examples_per_second:5%; repeatable."),
    ] = None,
    limits_file: Limits = None,
    across: Annotated[
        str, typer.Option(help="Compare although these differ: version,machine,recipe,budget,settings.")
    ] = "",
    history: Annotated[
        int | None,
        typer.Option(
            min=1, metavar="N", help="BASE is a history: compare its newest commits, or NEW, with the N before."
        ),
    ] = None,
    strict: Strict = False,
    format: ComparisonFormat = "terminal",
    output: Output = None,
    sort: Annotated[Sort, typer.Option(help="Order of rows; ratio and verdict put the worst first.")] = "name",
    only_changed: Annotated[bool, typer.Option("--only-changed", help="Hide what is the same.")] = False,
    results: baseline.Results = Path("results"),
) -> int:
    """Compare measurements: per recipe and metric the ratio, its interval, a test and a verdict.

    Exit codes: 0 no limit breached, 1 a limit breached, 2 something to mend in the call, 3 a trial of NEW failed,
    4 nothing comparable, or not the recipe that --fail names, 5 (--strict) a limit undecided, 70 a bug of dlbench.
    Where several hold, the first of 1, 3, 4, 5.
    """
    from dlbench.judge import changes

    all_limits = [*(limits.load(limits_file) if limits_file else []), *map(limits.parse, fail or [])]
    metric_names = metric or []
    choice = changes.Choice(metric_names, all_limits, parse_across(across))
    if history is None:
        sides, frames = _sides(base, new or [], results)
    else:
        sides, frames = _sides_of_history(Path(base), new or [], history, results)
    _check(frames, metric_names, all_limits)
    rows: list[Row] = []
    notes: dict[str, None] = {}
    for side, old, frame in sides:
        new_rows, new_notes = changes.compare(old, frame, side, choice)
        rows += new_rows
        notes |= dict.fromkeys(new_notes)
    unused, new_notes = unused_limits(all_limits, rows)
    notes |= dict.fromkeys(new_notes)
    if any(row.difference and row.difference.is_ratio for row in rows):
        notes |= {ONE_AFTER_ANOTHER: None}
    show(rows, base, list(notes), format, output, sort, only_changed)
    missing = unmeasured(all_limits, rows)
    streams.warn(missing)
    return exit_code(rows, unused, strict=strict, is_incomplete=bool(missing))


def unused_limits(all_limits: Sequence[Limit], rows: Sequence[Row]) -> tuple[list[Limit], list[str]]:
    """The limits that apply to no row, and a note on each.

    A file may serve many jobs: its limits for recipes that are not here get a note, but are not returned.
    """
    unused = [
        limit
        for limit in all_limits
        if not any(row.name == limit.metric and limit.recipe in ("", row.recipe) for row in rows)
    ]
    recipes = {row.recipe for row in rows}
    counted = [limit for limit in unused if not limit.is_shared or limit.recipe in recipes]
    return counted, [f"Limit {limit}: nothing here to hold it against." for limit in unused]


def unmeasured(all_limits: Sequence[Limit], rows: Sequence[Row]) -> list[str]:
    """A line for each `--fail RECIPE/METRIC:LIMIT` whose recipe was not measured on one of the sides."""
    lines = []
    for limit in all_limits:
        if not limit.recipe or limit.is_shared:
            continue
        for side in dict.fromkeys(row.side for row in rows):
            matching = [row for row in rows if (row.side, row.recipe, row.name) == (side, limit.recipe, limit.metric)]
            if all(row.verdict in ("missing", "new") for row in matching):
                where = "BASE" if any(row.verdict == "new" for row in matching) else side
                lines.append(f"--fail {limit}: {where} has no {limit.metric} of {limit.recipe}: nothing to compare")
    return list(dict.fromkeys(lines))


def exit_code(
    rows: Sequence[Row], unused: Sequence[Limit] = (), *, strict: bool = False, is_incomplete: bool = False
) -> int:
    """What a script may conclude; where several hold, the first of: breached, failed, nothing comparable, undecided.

    A breach comes first because it was measured: running again may mend a failure, but not a breach.

    unused: limits that apply to no row. is_incomplete: whether a side did not measure what a limit names.
    """
    if any(row.outcome == "breached" for row in rows):
        return exits.REGRESSION
    if any(row.verdict == "failed" for row in rows):
        return exits.FAILED
    if is_incomplete or not any(row.difference for row in rows):
        return exits.NOTHING_COMPARABLE
    if strict and (unused or any(row.outcome == "undecided" for row in rows)):
        return exits.INCONCLUSIVE
    return exits.FINE


def load(side: str, results: Path) -> pd.DataFrame:
    """The measurements of one side: of a path, or of the baseline of that name in the results folder."""
    from dlbench.judge import measurements

    path = Path(side)
    if next(raw_files.at([path]), None) is None:
        names = baseline.names(results)
        if side not in names:
            hint = f"; baselines in {results}: {', '.join(names)}" if names else f"; no baselines in {results}"
            raise InputError(f"{side}: no such file, folder or baseline{near(side, names)}{hint}")
        path = baseline.path(side, results)
    frame = measurements.load(path)
    streams.warn(frame.attrs["warnings"])
    return frame


def parse_across(text: str) -> Collection[str]:
    """`version,machine` -> what may differ; InputError with the near miss for anything else."""
    from dlbench.judge.series import ACROSS

    pieces = [piece.strip() for piece in text.split(",") if piece.strip()]
    for piece in pieces:
        if piece not in ACROSS:
            raise InputError(f"--across {piece}: not one of {', '.join(ACROSS)}{near(piece, ACROSS)}")
    return pieces


def _sides(base: str, new: Sequence[str], results: Path) -> tuple[list[Side], list[pd.DataFrame]]:
    """The new sides, each with BASE, and all that was read."""
    if not new:
        raise InputError("NEW: what is to be compared with BASE? It may be left out with --history N alone")
    frames = {side: load(side, results) for side in dict.fromkeys([base, *new])}
    return [(side, frames[base], frames[side]) for side in dict.fromkeys(new)], list(frames.values())


def _sides_of_history(
    folder: Path, new: Sequence[str], count: int, results: Path
) -> tuple[list[Side], list[pd.DataFrame]]:
    """The new sides, or each machine's newest commit, with the commits before; and all that was read."""
    from dlbench.judge import history

    kept = history.load(folder)
    frames = {side: load(side, results) for side in new} or history.newest(kept)
    sides = [(side, history.past(kept, frame, count), frame) for side, frame in frames.items()]
    return sides, [*frames.values(), *(one.frame for one in kept)]


def _check(frames: Sequence[pd.DataFrame], metric_names: Sequence[str], all_limits: Sequence[Limit]) -> None:
    """Raise InputError for metrics and recipes that no side has, unless nothing was measured at all."""
    recipes = sorted({recipe for frame in frames for recipe in frame["recipe"]})
    measured = sorted({name for frame in frames for name in frame["metric"] if name})
    if measured:
        for name in metric_names:
            metrics.check(name, measured, "--metric")
        limits.check(all_limits, recipes, measured)


def show(
    rows: Sequence[Row], base: str, notes: Sequence[str], format: str, output: Path | None, sort: Sort, changed: bool
) -> None:
    """Print the table of the rows, or write it to `output`; `changed`: only rows that are not the same."""
    from dlbench.report import formats
    from dlbench.report.changes import Comparison, ordered

    comparison = Comparison(rows, base, ordered(rows, sort, only_changed=changed), notes)
    formats.show("comparison", comparison, format, output)
