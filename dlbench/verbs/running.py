"""The verb `run`: plan, tell what to expect, run, and end in tables."""

from __future__ import annotations

import json
import signal
import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from types import MappingProxyType
from typing import NoReturn

from rich.console import Console

from dlbench import exits, plan, progress, runner, store
from dlbench.plan import Asked, Trial
from dlbench.runner import Outcome
from dlbench.verbs import exporting
from dlbench.verbs.exporting import Places
from dlbench.workers import checkpoint_file


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
) -> int:
    """Run what the names stand for and print tables (or JSON) of all their runs; returns the exit code.

    jobs: how many trials may run at once. timeout: seconds a trial may take. exports: files that all values go to as
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
    if any_share and out.is_dir():
        trials = store.unanswered(out, trials)
    if dry_run:
        _print_plan(trials, out)
        return 0
    console = Console(stderr=True)
    try:
        with progress.display(console) as watch:
            outcomes = runner.run(trials, out, fresh=fresh, timeout=timeout, watch=watch)
    except runner.Interrupted as stop:
        _summarise(stop.outcomes, len(trials), console)
        print(f"dlbench: interrupted; the same command goes on: {_how(stop.outcomes)}", file=sys.stderr)
        exporting.after_run([outcome.path for outcome in stop.outcomes], exports)
        return exits.INTERRUPTED
    _summarise(outcomes, len(trials), console)
    paths = [outcome.path for outcome in outcomes]
    if show and exporting.STANDARD_OUTPUT not in exports.values():  # what is piped is the export alone
        _print_results(names, paths, out, as_json)
    exporting.after_run(paths, exports)
    return _exit_code(outcomes, len(trials))


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


def _print_plan(trials: Sequence[Trial], out: Path) -> None:
    for trial in trials:
        path = trial.path(out)
        steps = checkpoint_file.steps(path)
        state = "to run" if steps is None else f"to continue after step {steps}"
        state = "finished already" if store.status(path) in store.DONE else state
        print(f"{progress.title([trial])}  {state}  {trial.path(out)}")


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
            console.print(line, highlight=False, markup=False, soft_wrap=True)


def _print_results(names: Sequence[str], paths: Sequence[Path], out: Path, as_json: bool) -> None:
    from dlbench.verbs import reporting

    runs = store.load(out, paths)
    if as_json:
        print(json.dumps(json.loads(runs.to_json(orient="records")), indent=1))
    else:
        frames = reporting.Frames(runs, lambda: store.curves(out, paths))
        print(reporting.text(reporting.tables(names, frames), "terminal"), end="")


def _interrupt(*_: object) -> NoReturn:
    raise KeyboardInterrupt
