"""The verb `replay`: run files -> worker processes that repeat their first steps -> a line for each run."""

from __future__ import annotations

import json
import sys
from collections import Counter, deque
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer

from dlbench import exits, streams
from dlbench.errors import InputError
from dlbench.reading import near
from dlbench.records import raw_files, store
from dlbench.records.events import Done, Event, Failed, Refused
from dlbench.trials.launchers import local
from dlbench.trials.replay import Outcome, Recorded, State, compare, read

WORDS: Mapping[State, str] = {
    "same": "the same bit for bit", "close": "within tolerance", "different": "different",
    "impossible": "cannot be replayed", "failed": "failed",
}  # fmt: skip


def replay(
    names: Annotated[
        list[str],
        typer.Argument(
            metavar="RUN|FOLDER...", help="Run files, folders or packs of them, or names of recipes with runs."
        ),
    ],
    steps: Annotated[int, typer.Option(min=1, help="At least so many steps of each run, to the end of a lap.")] = 50,
    results: Annotated[Path, typer.Option(help="Folder of run files in which a recipe's name is looked for.")] = Path(
        "results"
    ),
    device: Annotated[str | None, typer.Option(help="Replay there; on each run's own device if left out.")] = None,
    threads: Annotated[int | None, typer.Option(min=1, help="CPU threads; each run's own number if left out.")] = None,
    exact: Annotated[
        bool, typer.Option("--exact", help="Fail unless all is the same bit for bit, elsewhere too.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead of lines.")] = False,
) -> int:
    """Repeat the first steps of runs as their files describe them, and compare losses, scores and weights.

    Exit codes: 0 all the same, 1 a difference, 2 something to mend in the call, 3 a run failed or cannot be replayed.
    """
    outcomes = []
    for outcome in _outcomes([path for name in names for path in _paths(name, results)], steps, device, threads):
        outcomes.append(outcome)
        if not as_json:
            print(line(outcome), flush=True)
    if as_json:
        print(json.dumps([asdict(outcome) | {"path": str(outcome.path)} for outcome in outcomes], indent=1))
    counts = Counter(outcome.state for outcome in outcomes)
    summary = ", ".join(f"{counts[state]} {words}" for state, words in WORDS.items() if counts[state])
    print(f"{len(outcomes)} run{'s' if len(outcomes) != 1 else ''}: {summary}", file=sys.stderr)
    if counts["different"] or (exact and counts["close"]):
        return exits.REGRESSION
    return exits.FAILED if counts["failed"] or counts["impossible"] else exits.FINE


def line(outcome: Outcome) -> str:
    """`results/perceptron/...: same bit for bit, all 12 steps`."""
    if outcome.state in ("impossible", "failed"):
        return f"{outcome.path}: {outcome.message}"
    whole = outcome.steps == outcome.of
    steps = f"all {outcome.of} steps" if whole else f"steps 1 to {outcome.steps} of {outcome.of}"
    changes = f" ({', '.join(outcome.changes)})" if outcome.changes else ""
    return f"{outcome.path}: {outcome.message}{f', {steps}' if outcome.state != 'different' else ''}{changes}"


def _paths(name: str, results: Path) -> Sequence[Path]:
    """The run files that a file, a folder, a pack, or a recipe's name in the results folder stands for."""
    source = Path(name)
    if source.is_dir() or raw_files.is_pack(source):
        paths = [path for paths in _by_recipe(source).values() for path in paths]
        if not paths:
            raise InputError(f"{source}: holds no run files")
        return paths
    if any(raw_files.at([source])):
        return [source]
    runs = _by_recipe(results) if results.is_dir() or raw_files.is_pack(results) else {}
    if name not in runs:
        raise InputError(f"{name}: no run file, no folder, and no recipe with runs in {results}{near(name, runs)}")
    return runs[name]


def _by_recipe(folder: Path) -> Mapping[str, Sequence[Path]]:
    """The run files under a folder or in a pack, in order, by the folder that they are in."""
    warnings: list[str] = []
    files_by_recipe: dict[str, list[tuple[str, Path]]] = {}
    for file in store.run_files(folder, warnings):
        files_by_recipe.setdefault(file.name.rpartition("/")[0], []).append((file.name, Path(file.path)))
    streams.warn(warnings)
    return {recipe: [path for _, path in sorted(files)] for recipe, files in sorted(files_by_recipe.items())}


def _outcomes(paths: Sequence[Path], steps: int, device: str | None, threads: int | None) -> Iterator[Outcome]:
    """How each run compares; runs with the same number of threads share a process."""
    waiting: dict[int, list[Recorded]] = {}
    for path in dict.fromkeys(paths):
        try:
            recorded = read(path, steps, device, threads)
            waiting.setdefault(recorded.trial.execution.threads, []).append(recorded)
        except InputError as error:
            yield _impossible(path, error)
    for runs in waiting.values():
        queue = deque(runs)
        while queue:
            yield from _repeated(queue)


def _repeated(queue: deque[Recorded]) -> Iterator[Outcome]:
    """Repeat the queued runs in one worker; if it dies, the run that it was repeating is the last."""
    job = {"runs": [_job(recorded) for recorded in queue]}
    answers: list[Event] = []
    with closing(local.answers("dlbench.trials.workers.replays", job, queue[0].trial.execution.threads)) as events:
        for event in events:
            if not isinstance(event, Done | Refused | Failed):
                answers.append(event)
            elif queue:
                yield _ended(queue.popleft(), event, answers)
                answers = []


def _job(recorded: Recorded) -> dict[str, Any]:
    """What the worker needs to know of a run."""
    return {"trial": recorded.trial.as_dict(), "lap_ends": recorded.lap_ends, "count": len(recorded.events)}


def _ended(recorded: Recorded, event: Event, answers: Sequence[Event]) -> Outcome:
    if isinstance(event, Refused):
        return _impossible(recorded.path, event.message)
    if isinstance(event, Failed):
        return Outcome(recorded.path, "failed", f"failed here: {event.message}")
    return compare(recorded, answers)


def _impossible(path: Path, reason: object) -> Outcome:
    return Outcome(path, "impossible", f"cannot be replayed: {reason}")
