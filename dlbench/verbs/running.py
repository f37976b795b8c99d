"""The verb `run`: plan, tell what to expect, run, and end in tables."""

from __future__ import annotations

import json
import math
import signal
import sys
import time
from collections import Counter
from collections.abc import Callable, Collection, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Any, NoReturn

from rich.console import Console

from dlbench import exits
from dlbench.spec import recipe
from dlbench.trials import forecast, plan, progress, runner, standing
from dlbench.trials.plan import Asked, Trial
from dlbench.trials.runner import Outcome
from dlbench.trials.standing import Standing
from dlbench.trials.workers import checkpoint_file
from dlbench.verbs import exporting
from dlbench.verbs.exporting import Places

MOST_NAMES = 4  # of recipes in one line


def run(
    names: Sequence[str],
    *,
    device: str,
    seeds: Sequence[int] | None,
    budget: str,
    settings: Sequence[str],
    threads: int | None,
    precision: Asked,
    compile: bool,
    out: Path,
    dry_run: bool,
    fresh: bool,
    as_json: bool,
    jobs: int = 1,
    timeout: float | None = None,
    exports: Places = MappingProxyType({}),
    show: bool = True,
    any_share: bool = False,
    cuda_graphs: bool = False,
    accepted: Collection[str] = (),
    seconds: float = math.inf,
    order: Callable[[Trial], Any] | None = None,
) -> int:
    """Run what the names stand for and print tables (or JSON) of all their runs; returns the exit code.

    accepted: changes (`code`, `data`, `version`) for which nothing is run again.

    jobs: how many trials may run at once. seconds: after so many the rest is left for another time. order: sort key of
    the trials, who otherwise run as planned. timeout: seconds a trial may take. exports: files that all values go to as
    well. show: without it, the tables are left to the caller. any_share: a trial that finished with another share of
    the machine, in threads and jobs, is not run again.
    """
    exporting.check(exports)
    signal.signal(signal.SIGTERM, _interrupt)
    trials = plan.trials(
        names,
        device=device,
        seeds=seeds,
        budget=budget,
        settings=settings,
        threads=threads,
        precision=precision,
        compile=compile,
        jobs=jobs,
        cuda_graphs=cuda_graphs,
    )
    if compile and not all(trial.execution.compile for trial in trials):
        print("dlbench: --compile: no C++ compiler found, running without; install g++ or clang++", file=sys.stderr)
    for found in {trial.recipe.entry: trial.recipe for trial in trials}.values():
        recipe.tell_overruled(found)
    trials = sorted(trials, key=order) if order else trials
    warnings: list[str] = []
    standings = standing.of_all(trials, out, accepted, warnings, any_share=any_share)
    for warning in warnings:
        print(f"dlbench: {warning}", file=sys.stderr)
    if dry_run:
        _print_plan(trials, standings, out)
        return 0
    console, began = Console(stderr=True), time.monotonic()
    if not fresh:
        _tell_standings(trials, standings, console)
    try:
        with progress.display(console) as watch:
            outcomes = runner.run(
                trials, out, fresh=fresh, timeout=timeout, watch=watch, accepted=accepted, standings=standings,
                seconds=seconds,
            )  # fmt: skip
    except runner.Interrupted as stop:
        _summarise(stop.outcomes, len(trials), console)
        print(f"dlbench: interrupted; the same command goes on: {_how(stop.outcomes)}", file=sys.stderr)
        exporting.after_run([outcome.path for outcome in stop.outcomes], exports)
        return exits.INTERRUPTED
    _summarise(outcomes, len(trials), console)
    is_over = time.monotonic() - began >= seconds
    if is_over and (left := _left(trials, outcomes)):
        print(f"dlbench: time is over, {left} left; the same command goes on: {_how(outcomes)}", file=sys.stderr)
    paths = [outcome.path for outcome in outcomes]
    if show and exporting.STANDARD_OUTPUT not in exports.values():  # what is piped is the export alone
        _print_results(names, paths, out, as_json)
    exporting.after_run(paths, exports)
    if is_over:
        outcomes = [outcome for outcome in outcomes if outcome.status != "interrupted"]
    return _exit_code(outcomes, len(outcomes) if is_over else len(trials))


def _left(trials: Sequence[Trial], outcomes: Sequence[Outcome]) -> str:
    """`3 trials`, those that have not ended; empty if all have."""
    count = len(trials) - sum(outcome.status != "interrupted" for outcome in outcomes)
    return f"{count} trial{'s' if count > 1 else ''}" if count else ""


def _exit_code(outcomes: Sequence[Outcome], planned: int) -> int:
    """FAILED if a trial was not run or ended in any way but these two, else TIMEOUT if one timed out, else FINE."""
    ways = {outcome.status for outcome in outcomes}
    if ways - {"finished", "timeout"} or len(outcomes) < planned:
        return exits.FAILED
    return exits.TIMEOUT if "timeout" in ways else exits.FINE


def _how(outcomes: Sequence[Outcome]) -> str:
    """What the same command would do, once more."""
    under_way = [outcome for outcome in outcomes if outcome.status == "interrupted"]
    steps = [str(outcome.continues_at) for outcome in under_way if outcome.continues_at is not None]
    return "it skips what is finished" + (f" and continues after step {' and '.join(steps)}" if steps else "")


def _print_plan(trials: Sequence[Trial], standings: Sequence[Standing], out: Path) -> None:
    """A line a trial, in the order in which they would run, and how long that would take, as far as it is known."""
    expected = forecast.from_runs(out)
    waiting = [trial for trial, found in zip(trials, standings, strict=True) if not found.is_done]
    for trial, found in zip(trials, standings, strict=True):
        steps = checkpoint_file.steps(trial.path(out))
        state = f"to run again: {_reasons(found)}" if found.changes else "to run"
        state = state if steps is None else f"to continue after step {steps}"
        state = "finished already" if found.is_done else state
        about = "" if found.is_done else f"  {forecast.words(expected(trial))}"
        print(f"{progress.title([trial])}  {state}{about}  {found.path if found.is_done else trial.path(out)}")
    if waiting:
        print(f"{len(waiting)} to run: {forecast.total(map(expected, waiting), waiting[0].execution.jobs)}")


def _tell_standings(trials: Sequence[Trial], standings: Sequence[Standing], console: Console) -> None:
    """A line for what is skipped, and one for each reason for which something is skipped in spite, or runs again."""
    groups: dict[tuple[bool, str, frozenset[str]], list[Trial]] = {}
    for trial, found in zip(trials, standings, strict=True):
        if found.is_done or found.changes:
            key = (found.is_done, _reasons(found), frozenset(change.kind for change in found.changes))
            groups.setdefault(key, []).append(trial)
    for (is_done, reasons, kinds), members in groups.items():
        options = " ".join(f"--accept {kind}" for kind in standing.KINDS if kind in kinds)
        line = f"skipped, finished before: {_named(members)}" if is_done else f"run again: {_named(members)}: {reasons}"
        if is_done and reasons:
            line += f" (in spite of {options}: {reasons})"
        elif not is_done and kinds <= {*standing.KINDS}:
            line += f"; {options} keeps what is there"
        console.print(line, highlight=False, markup=False, soft_wrap=True)


def _reasons(found: Standing) -> str:
    return ", ".join(change.words for change in found.changes)


def _named(trials: Sequence[Trial]) -> str:
    """How many trials, and of which recipes as far as there is room."""
    names = list(dict.fromkeys(trial.recipe.name for trial in trials))
    shown = ", ".join(names[:MOST_NAMES]) + (f" and {len(names) - MOST_NAMES} more" if len(names) > MOST_NAMES else "")
    return f"{len(trials)} trial{'s' if len(trials) != 1 else ''} of {shown}"


def _summarise(outcomes: Sequence[Outcome], planned: int, console: Console) -> None:
    """One line that counts each way of ending, and one for each trial that did not finish."""
    counts = Counter(outcome.status if outcome.new else f"{outcome.status} before" for outcome in outcomes)
    parts = [f"{count} {status.replace('_', ' ')}" for status, count in counts.items()]
    if planned > len(outcomes):
        parts.append(f"{planned - len(outcomes)} not run")
    console.print(
        f"{planned} trial{'s' if planned != 1 else ''}: {', '.join(parts) or 'none run'}",
        highlight=False,
        soft_wrap=True,
    )
    for outcome in outcomes:
        if outcome.status != "finished":
            where = " (its run file has the traceback)" if outcome.has_traceback else ""
            goes_on = f"; continues after step {outcome.continues_at}" if outcome.continues_at is not None else ""
            message = outcome.message.removeprefix(f"{outcome.path}: ")
            line = f"{outcome.path}: {outcome.status.replace('_', ' ')} {message}".rstrip() + where + goes_on
            if outcome.status == "refused":
                line += "; the same command plans it anew"
            console.print(line, highlight=False, markup=False, soft_wrap=True)


def _print_results(names: Sequence[str], paths: Sequence[Path], out: Path, as_json: bool) -> None:
    from dlbench.verbs import reporting

    runs = reporting.read(out, names, paths)
    if as_json:
        print(json.dumps(json.loads(runs.frame.to_json(orient="records")), indent=1))
    else:
        print(reporting.text(reporting.tables(names, runs), "terminal"), end="")


def _interrupt(*_: object) -> NoReturn:
    raise KeyboardInterrupt
