"""The verb `gate`: two environments measured in turns on this machine -> the table of `compare`, and its exit codes.

It stops as soon as every limit is decided, or when its minutes are over; `dlbench.stats.turns` says by which rule.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from dlbench import exits, streams
from dlbench.cli import compare, export, options
from dlbench.cli.time import BatchSize, parse_batch_sizes
from dlbench.errors import InputError
from dlbench.judge import environments, limits, metrics, null_limits, rounds, turns
from dlbench.judge.environments import Environment
from dlbench.judge.limits import Limit
from dlbench.judge.metrics import BY_LAPS
from dlbench.judge.null_limits import NULL, Checked
from dlbench.judge.rounds import Case, Timings
from dlbench.judge.turns import IsDecided, never
from dlbench.records import store
from dlbench.spec import catalog, study

if TYPE_CHECKING:
    from dlbench.judge.changes import Row, Turns

USUAL: Final = "examples_per_second:5%"  # a gate without limits would let everything pass
METRICS: Final = (
    *BY_LAPS, "first_step_seconds", "examples_per_joule", "process_peak_bytes",
    "device_peak_bytes",
)  # fmt: skip
FEWEST: Final = 4  # rounds: below it, no ranking of two sides is beyond chance
ACROSS: Final = ("version",)  # another torch is what a gate is for; another machine is not possible


def gate(
    base: Annotated[
        str, typer.Argument(metavar="BASE_ENV", help="A Python, a virtual environment, or a folder of code.")
    ],
    head: Annotated[str, typer.Argument(metavar="HEAD_ENV", help="The one with the change.")],
    names: options.Names,
    fail: Annotated[
        list[str] | None,
        typer.Option(metavar="METRIC:LIMIT", help="Repeatable; examples_per_second:5% if there is none."),
    ] = None,
    limits_file: options.Limits = None,
    minutes: Annotated[
        float,
        typer.Option(min=0.01, help="Most minutes of measuring for each recipe; fewer where the answer is clear."),
    ] = 1.0,
    count: Annotated[int, typer.Option("--rounds", help="Fresh pairs of processes at most, 4 or more.")] = 10,
    null_check: Annotated[
        bool, typer.Option("--null-check", help="Measure BASE_ENV against itself first, and widen limits to match.")
    ] = False,
    device: options.Device = "auto",
    mode: options.TimedMode = "train",
    batch_size: Annotated[str | None, typer.Option(help="Such as 32,128; the recipe's own if left out.")] = None,
    threads: options.TimingThreads = None,
    min_seconds: Annotated[
        float, typer.Option(min=0.1, help="Seconds of laps in each process, where a dlbench is too old to take turns.")
    ] = 3.0,
    format: options.ComparisonFormat = "terminal",
    output: options.Output = None,
    strict: options.Strict = False,
    out: Annotated[Path | None, typer.Option(help="Keep the raw timing files in this new folder.")] = None,
) -> int:
    """Time recipes in two environments in turns on this machine; fail if the second one is slower.

    Exit codes: 0 no limit breached, 1 a limit breached, 2 something to mend in the call, 3 a trial failed, 4 nothing
    comparable, 5 (--strict) a limit undecided, 70 a bug of dlbench, 130 interrupted. Where several hold, the first of
    1, 3, 4, 5.
    """
    sizes = parse_batch_sizes(batch_size) if batch_size is not None else None
    words = ["--device", device, *(["--threads", str(threads)] if threads else [])]
    exits.interrupt_on_termination()
    cases = _cases(names, mode, sizes)
    all_limits = _limits(fail or [], limits_file, cases)
    export.check({format: output})
    _check(out, count)
    sides = {"base": environments.find(base), "head": environments.find(head)}
    for side, environment in sides.items():
        streams.say(f"{side}: {environment}")
    for case in cases:
        environments.names(case.name, list(sides.values()))
    way = (
        _InTurns(words, minutes, count)
        if _take_turns(sides)
        else _InRounds([*words, "--min-seconds", str(min_seconds)])
    )
    with ExitStack() as stack:
        folder = out or Path(stack.enter_context(tempfile.TemporaryDirectory()))
        rows, notes = _gate(sides, cases, all_limits, count, null_check, way, folder)
    unused, new_notes = compare.unused_limits(all_limits, rows)
    notes += new_notes
    notes += [f"Raw timings: {out / 'base'} and {out / 'head'}."] if out else []
    compare.show(rows, base, notes, format, output, "name", False)
    return compare.exit_code(rows, unused, strict=strict)


def _take_turns(sides: Mapping[str, Environment]) -> bool:
    """Whether both environments can take turns; prints which one cannot."""
    old = [side for side, environment in sides.items() if not environment.takes_turns]
    if old:
        streams.say(f"{' and '.join(old)}: takes no turns (an older dlbench): one process after another instead")
    return not old


@dataclass(frozen=True)
class _InTurns:
    """Both sides alive, their laps in turns, for so many minutes in `count` pairs of processes."""

    options: Sequence[str]
    minutes: float
    count: int

    def __call__(
        self, cases: Sequence[Case], sides: Mapping[str, Environment], count: int, out: Path,
        is_decided: IsDecided = never,
    ) -> Timings:  # fmt: skip
        return turns.take(cases, sides, count, self.minutes * count / self.count, self.options, out, is_decided)

    def laps(self, case: Case, timings: Timings) -> Turns:
        """The laps by which speeds are compared, at the level of this look."""
        from dlbench.judge.changes import Turns
        from dlbench.stats.turns import level

        pairs, taken = timings.turns[case], timings.pairs(case)
        return Turns(pairs, level(taken, self.count), self.minutes * taken / self.count)

    def summary(self, timings: Timings) -> list[str]:
        """How it went."""
        counts = ", ".join(dict.fromkeys(str(timings.pairs(case)) for case in timings.turns))
        return [f"Measured for up to {self.minutes:g} min a row, in {counts or 0} of {self.count} pairs of processes."]


@dataclass(frozen=True)
class _InRounds:
    """One process after another."""

    options: Sequence[str]

    def __call__(
        self, cases: Sequence[Case], sides: Mapping[str, Environment], count: int, out: Path,
        is_decided: IsDecided = never,
    ) -> Timings:  # fmt: skip
        return rounds.take(cases, sides, count, self.options, out)

    def laps(self, case: Case, timings: Timings) -> None:
        """No laps in turns."""

    def summary(self, timings: Timings) -> list[str]:
        """How it went."""
        count = max((len(frames) for sides in timings.frames.values() for frames in sides.values()), default=0)
        return [f"Measured in {count} rounds, both sides in each, one after another in changing order."]


def _gate(
    sides: Mapping[str, Environment], cases: Sequence[Case], all_limits: Sequence[Limit], count: int, null_check: bool,
    way: _InTurns | _InRounds, out: Path,
) -> tuple[list[Row], list[str]]:  # fmt: skip
    """The rows, and notes on how they came about."""
    checked = {case: Checked(all_limits) for case in cases}
    failed: dict[Case, str] = {}
    side = sides["head"].words
    if null_check:
        pool = null_limits.pool(sides["base"], cases, count, way, out)
        failed |= pool.failed
        checked |= {case: null_limits.check(case, pool, all_limits, count) for case in cases if case not in failed}
    remaining = [case for case in cases if case not in failed and not checked[case].is_pointless]

    def is_decided(case: Case, timings: Timings) -> bool:
        """Whether no limit is left that more pairs could decide."""
        compared, _ = _compared(case, timings, checked[case], side, way)
        limited = [row for row in compared if row.limit]
        return bool(limited) and all(row.name in BY_LAPS and row.verdict != "inconclusive" for row in limited)

    timings = way(remaining, sides, count, out, is_decided)
    failed |= timings.failed
    notes = [*(f"{side.upper()}: {environment}." for side, environment in sides.items()), *way.summary(timings)]
    rows: list[Row] = []
    for case in cases:
        new_rows, new_notes = _rows(case, timings, checked[case], failed.get(case, ""), side, all_limits, way)
        rows += new_rows
        notes += [*checked[case].notes, *new_notes]
    return rows, [*dict.fromkeys(notes), *([null_limits.how(count)] if null_check else [])]


def _rows(
    case: Case, timings: Timings, checked: Checked, failure: str, side: str, all_limits: Sequence[Limit],
    way: _InTurns | _InRounds,
) -> tuple[list[Row], list[str]]:  # fmt: skip
    """The rows of one case: its failure, or its comparisons and the limits that were refused."""
    from dlbench.judge.changes import Row

    blank = Row(side, case.recipe, case.measured)
    if failure:
        return [replace(blank, verdict="failed", why=failure)], []
    refused = [
        replace(
            blank, metric=metrics.metric(name), verdict="not comparable", why=why, outcome="undecided",
            limit=limits.choose(all_limits, case.recipe, name),
        )
        for name, why in checked.refused.items()
    ]  # fmt: skip
    if case not in timings.frames:
        return refused, []
    compared, notes = _compared(case, timings, checked, side, way)
    return [*(row for row in compared if row.name not in checked.refused), *refused], notes


def _compared(
    case: Case, timings: Timings, checked: Checked, side: str, way: _InTurns | _InRounds
) -> tuple[list[Row], list[str]]:
    from dlbench.judge import changes

    choice = changes.Choice((), checked.limits, ACROSS, way.laps(case, timings))
    return changes.compare(timings.of(case, "base"), timings.of(case, "head"), side, choice)


def _cases(names: Sequence[str], mode: options.Mode, batch_sizes: Sequence[BatchSize] | None) -> list[Case]:
    """Each recipe in each mode at each batch size, once."""
    if batch_sizes and "auto" in batch_sizes:
        raise InputError("--batch-size auto: each side might choose another; give numbers")
    sizes: Sequence[int | None] = [size for size in batch_sizes or () if size != "auto"] or [None]
    recipes = [recipe for name in names for recipe in _recipes(name)]
    return list(
        dict.fromkeys(Case(name, way, size) for name in recipes for way in options.modes(mode) for size in sizes)
    )


def _recipes(name: str) -> Iterator[str]:
    """A study's recipes, or the recipe itself; a name that only the environments know is a recipe's."""
    try:
        path = catalog.find(name)
    except InputError:
        yield name
        return
    yield from (r for member in study.course(name) for r in member.recipes) if catalog.is_study(path) else [name]


def _limits(fail: Sequence[str], limits_file: Path | None, cases: Sequence[Case]) -> list[Limit]:
    """The limits on what can be timed; a file of limits may serve `compare` as well."""
    shared = [limit for limit in (limits.load(limits_file) if limits_file else []) if limit.metric in METRICS]
    all_limits = [*shared, *map(limits.parse, fail)] or [limits.parse(USUAL)]
    limits.check(all_limits, [case.recipe for case in cases], METRICS)
    return all_limits


def _check(out: Path | None, count: int) -> None:
    """Raise InputError for options that would make minutes of measuring useless."""
    if count < FEWEST:
        raise InputError(f"--rounds {count}: below {FEWEST} no difference is beyond chance; take {FEWEST} or more")
    if out is not None:
        store.check_writable(out)
        if old := [side for side in ("base", "head", *NULL) if (out / side).exists()]:
            raise InputError(f"--out {out}: has the timings of another gate ({old[0]}); name another folder")
