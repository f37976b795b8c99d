"""The verb `run`: plan, tell what to expect, run, and end in tables."""

from __future__ import annotations

import json
import math
import sys
import time
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from dlbench import exits, reading, streams
from dlbench.cli import export, options, report
from dlbench.report import formats
from dlbench.spec import recipe
from dlbench.trials import launchers, plan, progress, runner, standing, weights
from dlbench.trials.launchers import Launcher
from dlbench.trials.plan import Trial
from dlbench.trials.runner import Outcome
from dlbench.trials.standing import Standing
from dlbench.trials.workers import checkpoint_file

MOST_NAMES = 4  # of recipes in one line


def run(
    names: options.Names,
    device: options.Device = "auto",
    seeds: Annotated[
        str | None, typer.Option(help="Such as 0-4 or 0,2,7; the recipe's or study's own number if left out.")
    ] = None,
    budget: Annotated[
        options.BudgetName,
        typer.Option(
            help="smoke: seconds; short: minutes on two CPU cores; medium: hours a study; full: as published."
        ),
    ] = "short",
    settings: options.Setting = None,
    precision: options.Precision = None,
    compile: options.Compile = False,
    compile_mode: options.CompileMode = "default",
    cuda_graphs: options.CudaGraphs = False,
    optimizer: options.Optimizer = "auto",
    input: options.Input = "resident",
    workers: options.Workers = 0,
    deterministic: options.Deterministic = False,
    channels_last: options.ChannelsLast = True,
    processes: options.Processes = 1,
    batch: options.BatchOf = "global",
    threads: options.Threads = None,
    jobs: options.Jobs = None,
    on: options.On = "local",
    slurm: options.Slurm = None,
    out: options.Out = Path("results"),
    dry_run: options.DryRun = False,
    fresh: Annotated[bool, typer.Option("--fresh", help="Run again what is finished, and ignore checkpoints.")] = False,
    keep_weights: Annotated[
        bool, typer.Option("--keep-weights", help="Write the trained weights beside each run, as safetensors.")
    ] = False,
    accept: options.Accepted = None,
    for_: options.For = None,
    timeout: options.Timeout = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the runs as JSON instead of tables.")] = False,
    export_json: Annotated[
        Path | None, typer.Option(help="Also write all values there, for compare; - is standard output.")
    ] = None,
    export_csv: Annotated[Path | None, typer.Option(help="Also write all values there, one a row.")] = None,
    export_markdown: Annotated[Path | None, typer.Option(help="Also write means and deviations there.")] = None,
    notes: options.Notes = False,
    live: Annotated[
        bool, typer.Option("--live", help="Meanwhile serve a page with the curves to this machine's own browser.")
    ] = False,
) -> int:
    """Run recipes and studies; ends in their tables. What is finished and would come out the same is not run again.

    Exit codes: 0 all finished, 2 something to mend in the call, 3 a trial failed, diverged, was killed or not run,
    70 a bug of dlbench, 124 a trial timed out and nothing worse happened, 130 interrupted.
    """
    exports = {"json": export_json, "csv": export_csv, "markdown": export_markdown}
    export.check(exports)
    exits.interrupt_on_termination()
    paths, code = train(
        names, device=device, seeds=seeds, budget=budget, settings=settings, precision=precision, compile=compile,
        compile_mode=compile_mode, cuda_graphs=cuda_graphs, optimizer=optimizer, input=input, workers=workers,
        deterministic=deterministic, channels_last=channels_last, processes=processes, batch=batch, threads=threads,
        jobs=jobs, out=out, dry_run=dry_run, fresh=fresh, accept=accept, for_=for_, timeout=timeout, live=live,
        keep_weights=keep_weights, on=on, slurm=slurm,
    )  # fmt: skip
    is_shown = not dry_run and code != exits.INTERRUPTED
    if is_shown and formats.STANDARD_OUTPUT not in exports.values():  # what is piped is the export alone
        _print_results(names, paths, out, as_json, notes)
    export.after_run(paths, exports)
    return code


def train(
    names: Sequence[str],
    *,
    seeds: str | None,
    settings: Sequence[str] | None,
    compile: bool,
    out: Path,
    accept: Collection[str] | None,
    for_: str | None,
    timeout: float | None,
    dry_run: bool,
    fresh: bool,
    live: bool,
    keep_weights: bool,
    on: str,
    slurm: list[str] | None,
    **how: Any,
) -> tuple[list[Path], int]:
    """What `run` does before it prints tables, and all that it does for a notebook; see `carry_out`.

    how: the other arguments of `plan.trials`.
    """
    numbers = None if seeds is None else plan.parse_seeds(seeds)
    with launchers.opened(on, options.pairs(slurm, "--slurm"), out, how["threads"]) as launcher:
        trials = plan.trials(
            names, seeds=numbers, settings=settings or [], compile=compile, site_of=launcher.site, **how
        )
        if compile and not all(trial.execution.compile for trial in trials):
            print("dlbench: --compile: no C++ compiler found, running without; install g++ or clang++", file=sys.stderr)
        if keep_weights:
            weights.check_installed()
        return carry_out(
            trials, out, accept=accept or (), for_=for_, timeout=timeout, dry_run=dry_run, fresh=fresh,
            live=live, keep_weights=keep_weights, launcher=launcher,
        )  # fmt: skip


def carry_out(
    trials: Sequence[Trial],
    out: Path,
    *,
    accept: Collection[str],
    for_: str | None,
    timeout: float | None,
    dry_run: bool,
    fresh: bool = False,
    any_share: bool = False,
    live: bool = False,
    keep_weights: bool = False,
    machines: Sequence[int] = (),
    launcher: Launcher | None = None,
) -> tuple[list[Path], int]:
    """Run the trials in this order and say how that goes; returns their run files and the exit code.

    any_share: a trial that finished with other threads or jobs is not run again. live: a page shows the curves.
    machines: how long that would take so many machines, for a dry run. launcher: what `runner.run` takes.
    """
    seconds = math.inf if for_ is None else reading.seconds(for_, "--for")
    for chosen in {trial.recipe.entry: trial.recipe for trial in trials}.values():
        recipe.tell_overruled(chosen)
    warnings: list[str] = []
    standings = standing.of_all(trials, out, accept, warnings, any_share=any_share, with_weights=keep_weights)
    streams.warn(warnings)
    if dry_run:
        _print_plan(trials, standings, out, machines)
        return [], exits.FINE
    console, began = progress.to_people(), time.monotonic()
    if not fresh:
        _tell_standings(trials, standings, console)
    try:
        with (
            _watched(trials, standings, out, fresh, console) if live else nullcontext(),
            progress.display(console) as watch,
        ):
            outcomes = runner.run(
                trials, out, fresh=fresh, timeout=timeout, watch=watch, accepted=accept, standings=standings,
                seconds=seconds, keep_weights=keep_weights, launcher=launcher,
            )  # fmt: skip
    except runner.Interrupted as stop:
        _summarise(stop.outcomes, len(trials), console)
        print(f"dlbench: interrupted; the same command goes on: {_how(stop.outcomes)}", file=sys.stderr)
        return [outcome.path for outcome in stop.outcomes], exits.INTERRUPTED
    _summarise(outcomes, len(trials), console)
    is_over = time.monotonic() - began >= seconds
    if is_over and (left := _left(trials, outcomes)):
        print(f"dlbench: time is over, {left} left; the same command goes on: {_how(outcomes)}", file=sys.stderr)
    ended = [outcome for outcome in outcomes if outcome.status != "interrupted"] if is_over else outcomes
    return [outcome.path for outcome in outcomes], _exit_code(ended, len(ended) if is_over else len(trials))


@contextmanager
def _watched(
    trials: Sequence[Trial], standings: Sequence[Standing], out: Path, fresh: bool, console: Console
) -> Iterator[None]:
    """Serve a page of these trials: finished ones as they are, others as soon as their files change."""
    from dlbench.live import server
    from dlbench.live.curves import Curves
    from dlbench.records import raw_files

    states = zip(trials, standings, strict=True)
    paths = [(state.path, False) if state.is_done and not fresh else (trial.path(out), True) for trial, state in states]
    done = {file.path: file for file in raw_files.at(path for path, is_stale in paths if not is_stale)}
    files = [(done.get(str(path)) or raw_files.one(path), is_stale) for path, is_stale in paths]
    planned = {file.path: (trial.recipe.name, trial.seed) for (file, _), trial in zip(files, trials, strict=True)}
    with server.serving(_named(trials), Curves(lambda: files, planned), "--live", "The run has ended") as address:
        console.print(f"watch at {address}", highlight=False, markup=False, soft_wrap=True)
        yield


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
    """What the same command would do next."""
    under_way = [outcome for outcome in outcomes if outcome.status == "interrupted"]
    steps = [str(outcome.continues_at) for outcome in under_way if outcome.continues_at is not None]
    return "it skips what is finished" + (f" and continues after step {' and '.join(steps)}" if steps else "")


def _print_plan(trials: Sequence[Trial], standings: Sequence[Standing], out: Path, machines: Sequence[int]) -> None:
    """A line a trial, in the order in which they would run, and how long that would take, as far as it is known."""
    from dlbench.trials import forecast

    expected = forecast.from_runs(out)
    waiting = [trial for trial, past in zip(trials, standings, strict=True) if not past.is_done]
    for trial, past in zip(trials, standings, strict=True):
        steps = checkpoint_file.steps(trial.path(out))
        state = f"to run again: {_reasons(past)}" if past.changes else "to run"
        state = state if steps is None else f"to continue after step {steps}"
        state = "finished already" if past.is_done else state
        about = "" if past.is_done else f"  {forecast.words(expected(trial))}"
        print(f"{progress.title([trial])}  {state}{about}  {past.path if past.is_done else trial.path(out)}")
    if waiting:
        jobs = waiting[0].execution.jobs
        print(f"{len(waiting)} to run: {forecast.total(map(expected, waiting), jobs)}")
        for count in machines:
            print(f"on {count} such machines: {forecast.total(map(expected, waiting), jobs * count)}")


def _tell_standings(trials: Sequence[Trial], standings: Sequence[Standing], console: Console) -> None:
    """A line for what is skipped, and one for each reason why something changed and is skipped or runs again."""
    groups: dict[tuple[bool, str, frozenset[str]], list[Trial]] = {}
    for trial, past in zip(trials, standings, strict=True):
        if past.is_done or past.changes:
            key = (past.is_done, _reasons(past), frozenset(change.kind for change in past.changes))
            groups.setdefault(key, []).append(trial)
    for (is_done, reasons, kinds), members in groups.items():
        options = " ".join(f"--accept {kind}" for kind in standing.KINDS if kind in kinds)
        line = f"skipped, finished before: {_named(members)}" if is_done else f"run again: {_named(members)}: {reasons}"
        if is_done and reasons:
            line += f" (in spite of {options}: {reasons})"
        elif not is_done and kinds <= {*standing.KINDS}:
            line += f"; {options} keeps what is there"
        console.print(line, highlight=False, markup=False, soft_wrap=True)


def _reasons(past: Standing) -> str:
    return ", ".join(change.words for change in past.changes)


def _named(trials: Sequence[Trial]) -> str:
    """How many trials, and of which recipes as far as there is room."""
    names = list(dict.fromkeys(trial.recipe.name for trial in trials))
    listed = ", ".join(names[:MOST_NAMES]) + (f" and {len(names) - MOST_NAMES} more" if len(names) > MOST_NAMES else "")
    return f"{len(trials)} trial{'s' if len(trials) != 1 else ''} of {listed}"


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


def _print_results(names: Sequence[str], paths: Sequence[Path], out: Path, as_json: bool, notes: bool) -> None:
    runs = report.read(out, names, paths)
    if as_json:
        print(json.dumps(json.loads(runs.frame.to_json(orient="records")), indent=1))
    else:
        formats.show("tables", formats.brief(report.tables(names, runs), notes))
