"""The verb `run`: plan, tell what to expect, run, and end in tables."""

from __future__ import annotations

import json
import signal
import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn

from rich.console import Console

from dlbench import exits, plan, progress, runner, store
from dlbench.plan import Precision, Trial
from dlbench.runner import Outcome


def run(
    names: Sequence[str],
    *,
    device: str,
    seeds: Sequence[int] | None,
    budget: str,
    settings: Sequence[str],
    threads: int | None,
    precision: Precision,
    compile: bool,
    out: Path,
    dry_run: bool,
    fresh: bool,
    as_json: bool,
) -> int:
    """Run what the names stand for and print tables (or JSON) of all their runs; returns the exit code."""
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
    )
    if compile and not all(trial.execution.compile for trial in trials):
        print("dlbench: --compile: no C++ compiler found, running without; install g++ or clang++", file=sys.stderr)
    if dry_run:
        _print_plan(trials, out)
        return 0
    console = Console(stderr=True)
    try:
        with progress.display(console) as watch:
            outcomes = runner.run(trials, out, fresh=fresh, watch=watch)
    except runner.Interrupted as stop:
        _summarise(stop.outcomes, len(trials), console)
        print("dlbench: interrupted; the same command goes on: it skips what is finished", file=sys.stderr)
        return exits.INTERRUPTED
    _summarise(outcomes, len(trials), console)
    _print_results(names, [outcome.path for outcome in outcomes], out, as_json)
    return exits.FAILED if any(outcome.status != "finished" for outcome in outcomes) else exits.FINE


def _print_plan(trials: Sequence[Trial], out: Path) -> None:
    for trial in trials:
        status = store.status(trial.path(out))
        state = "finished already" if status in runner.DONE else "to run"
        print(f"{progress.title([trial])}  {state}  {trial.path(out)}")


def _summarise(outcomes: Sequence[Outcome], planned: int, console: Console) -> None:
    """One line that counts each way of ending, and one for each trial that did not finish."""
    counts = Counter(outcome.status if outcome.new else f"{outcome.status} before" for outcome in outcomes)
    parts = [f"{count} {status}" for status, count in counts.items()]
    if planned > len(outcomes):
        parts.append(f"{planned - len(outcomes)} not run")
    console.print(
        f"{planned} trial{'s' if planned != 1 else ''}: {', '.join(parts) or 'none run'}",
        highlight=False,
        soft_wrap=True,
    )
    for outcome in outcomes:
        if outcome.status != "finished":
            where = " (its run file has the traceback)" if outcome.status == "failed" else ""
            line = f"{outcome.path}: {outcome.status} {outcome.message}{where}".rstrip()
            console.print(line, highlight=False, markup=False, soft_wrap=True)


def _print_results(names: Sequence[str], paths: Sequence[Path], out: Path, as_json: bool) -> None:
    from dlbench import reporting

    runs = store.load(out, paths)
    if as_json:
        print(json.dumps(json.loads(runs.to_json(orient="records")), indent=1))
    else:
        print(reporting.text(reporting.tables(names, runs), "terminal"), end="")


def _interrupt(*_: object) -> NoReturn:
    raise KeyboardInterrupt
