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

Sort = Literal["name", "ratio", "verdict"]
ONE_AFTER_ANOTHER = (
    "What changed on the machine between the two sides counts as well: `dlbench gate` measures them in turns."
)


def compare(
    base: Annotated[
        str, typer.Argument(help="A results folder, a pack, a run or timing file, an exported JSON, or a baseline.")
    ],
    new: Annotated[list[str], typer.Argument(metavar="NEW...", help="What to compare with it, the same kinds.")],
    metric: Annotated[list[str] | None, typer.Option(help="Compare this instead of the usual; repeatable.")] = None,
    fail: Annotated[
        list[str] | None,
        typer.Option(metavar="METRIC:LIMIT", help="Fail if worse by more, such as examples_per_second:5%; repeatable."),
    ] = None,
    limits_file: Limits = None,
    across: Annotated[
        str, typer.Option(help="Compare although these differ: version,machine,recipe,budget,settings.")
    ] = "",
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

    held = [*(limits.load(limits_file) if limits_file else []), *map(limits.parse, fail or [])]
    chosen, news = metric or [], list(dict.fromkeys(new))
    past = parse_across(across)
    frames = {side: load(side, results) for side in dict.fromkeys([base, *news])}
    _check(frames, chosen, held)
    rows: list[Row] = []
    notes: dict[str, None] = {}
    for side in news:
        found, told = changes.compare(frames[base], frames[side], side, changes.Choice(chosen, held, past))
        rows += found
        notes |= dict.fromkeys(told)
    unused, told = idle(held, rows)
    notes |= dict.fromkeys(told)
    if any(row.difference and row.difference.is_ratio for row in rows):
        notes |= {ONE_AFTER_ANOTHER: None}
    show(rows, base, list(notes), format, output, sort, only_changed)
    missing = untold(held, rows)
    streams.warn(missing)
    return exit_code(rows, unused, strict=strict, untold=bool(missing))


def idle(held: Sequence[Limit], rows: Sequence[Row]) -> tuple[list[Limit], list[str]]:
    """The limits that no row is held to, and a note on each.

    A file may serve many jobs: of its limits, those for recipes that are not here get their note, but are not counted.
    """
    unused = [
        limit
        for limit in held
        if not any(row.name == limit.metric and limit.recipe in ("", row.recipe) for row in rows)
    ]
    here = {row.recipe for row in rows}
    counted = [limit for limit in unused if not limit.is_shared or limit.recipe in here]
    return counted, [f"Limit {limit}: nothing here to hold it against." for limit in unused]


def untold(held: Sequence[Limit], rows: Sequence[Row]) -> list[str]:
    """A line for each limit of the call that names a recipe which one of the sides that it compares did not measure."""
    lines = []
    for limit in held:
        if not limit.recipe or limit.is_shared:
            continue
        for side in dict.fromkeys(row.side for row in rows):
            mine = [row for row in rows if (row.side, row.recipe, row.name) == (side, limit.recipe, limit.metric)]
            if all(row.verdict in ("missing", "new") for row in mine):
                where = "BASE" if any(row.verdict == "new" for row in mine) else side
                lines.append(f"--fail {limit}: {where} has no {limit.metric} of {limit.recipe}: nothing is told")
    return list(dict.fromkeys(lines))


def exit_code(rows: Sequence[Row], idle: Sequence[Limit] = (), *, strict: bool = False, untold: bool = False) -> int:
    """What a script may conclude; where several hold, the first of: breached, failed, nothing comparable, undecided.

    A breach comes first because it was measured, whatever else went wrong: running again would not undo it, as it may a
    failure. idle: limits that no row is held to. untold: whether what a limit names was not measured.
    """
    if any(row.outcome == "breached" for row in rows):
        return exits.REGRESSION
    if any(row.verdict == "failed" for row in rows):
        return exits.FAILED
    if untold or not any(row.difference for row in rows):
        return exits.NOTHING_COMPARABLE
    if strict and (idle or any(row.outcome == "undecided" for row in rows)):
        return exits.INCONCLUSIVE
    return exits.FINE


def load(side: str, results: Path) -> pd.DataFrame:
    """The measurements of one side: of a path, or of the baseline of that name in the results folder."""
    from dlbench.judge import measurements

    place = Path(side)
    if next(raw_files.at([place]), None) is None:
        known = baseline.names(results)
        if side not in known:
            here = f"; baselines in {results}: {', '.join(known)}" if known else f"; no baselines in {results}"
            raise InputError(f"{side}: no such file, folder or baseline{near(side, known)}{here}")
        place = baseline.path(side, results)
    frame = measurements.load(place)
    streams.warn(frame.attrs["warnings"])
    return frame


def parse_across(text: str) -> Collection[str]:
    """`version,machine` -> what may differ; InputError with the near miss for anything else."""
    from dlbench.judge.series import ACROSS

    found = [piece.strip() for piece in text.split(",") if piece.strip()]
    for piece in found:
        if piece not in ACROSS:
            raise InputError(f"--across {piece}: not one of {', '.join(ACROSS)}{near(piece, ACROSS)}")
    return found


def _check(frames: dict[str, pd.DataFrame], chosen: Sequence[str], held: Sequence[Limit]) -> None:
    """Raise InputError for metrics and recipes that no side has; where nothing was measured, that is another matter."""
    recipes = sorted({recipe for frame in frames.values() for recipe in frame["recipe"]})
    measured = sorted({name for frame in frames.values() for name in frame["metric"] if name})
    if measured:
        for name in chosen:
            metrics.check(name, measured, "--metric")
        limits.check(held, recipes, measured)


def show(
    rows: Sequence[Row], base: str, notes: Sequence[str], format: str, output: Path | None, sort: Sort, changed: bool
) -> None:
    """Print the table of the rows, or write it to `output`; `changed`: only rows that are not the same."""
    from dlbench.report import formats
    from dlbench.report.changes import Comparison, ordered

    shown = Comparison(rows, base, ordered(rows, sort, only_changed=changed), notes)
    formats.show("comparison", shown, format, output)
