"""Trials -> worker processes, one after another: skips what is finished, and no failure stops the rest."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dlbench import process, store
from dlbench.data import sources
from dlbench.errors import InputError
from dlbench.plan import Trial

Event = dict[str, Any]
Watcher = Callable[[Sequence[Trial], Event], None]
DONE = ("finished", "diverged")  # a diverged trial would diverge again


@dataclass(frozen=True)
class Outcome:
    """How a trial ended, and where its run file is; `new` unless it had been finished before."""

    trial: Trial
    status: str
    message: str
    path: Path
    new: bool = True


class Interrupted(Exception):
    """Ctrl-C: carries the outcomes so far."""

    def __init__(self, outcomes: list[Outcome]) -> None:
        super().__init__("interrupted")
        self.outcomes = outcomes


def run(
    trials: Sequence[Trial], out: Path, *, fresh: bool = False, watch: Watcher = lambda trials, event: None
) -> list[Outcome]:
    """Run the trials that are not finished yet (all, with `fresh`); returns what became of each.

    watch: told every event of every worker, with the trials it concerns. Raises InputError if the results folder cannot
    be written or a trial's data cannot be had, and Interrupted on Ctrl-C.
    """
    _check_data(trials)
    store.check_writable(out)
    outcomes = (
        []
        if fresh
        else [Outcome(t, s, "", t.path(out), new=False) for t in trials if (s := store.status(t.path(out))) in DONE]
    )
    finished = {outcome.path for outcome in outcomes}
    for job in _jobs([trial for trial in trials if trial.path(out) not in finished]):
        left = job
        try:
            while left:
                ended = _run_job(left, out, watch)
                outcomes += ended
                left = left[len(ended) :]
        except KeyboardInterrupt:
            raise Interrupted([*outcomes, Outcome(left[0], "interrupted", "", left[0].path(out))]) from None
    return outcomes


def _check_data(trials: Sequence[Trial]) -> None:
    """Raise InputError, before anything runs, if a data set that comes by download is not on disk, or damaged."""
    from dlbench.data.files import verify

    for name in sorted({trial.recipe.data.name for trial in trials} & set(sources.DATASETS)):
        if not sources.find(name).is_made:
            verify(name, sources.data_folder())


def _jobs(trials: Sequence[Trial]) -> Iterator[list[Trial]]:
    """What one worker gets: a single trial, or all seeds of a recipe whose seeds keep together."""
    together: dict[tuple[str, str], list[Trial]] = {}
    for trial in trials:
        key = trial.recipe.digest if trial.recipe.together else trial.digest
        together.setdefault((trial.recipe.name, key), []).append(trial)
    yield from together.values()


def _run_job(trials: list[Trial], out: Path, watch: Watcher) -> list[Outcome]:
    """Run trials in one worker; returns the outcomes of the first of them, fewer than all only if the worker died."""
    at_once = trials[0].recipe.together == "model"
    ends: dict[int, Event] = {}

    def hear(event: Event) -> None:
        if event["event"] == "refused":
            raise InputError(event["message"])
        index = event["index"]
        if event["event"] == "end":
            ends[index] = event
        watch(trials if at_once else trials[index : index + 1], event if at_once else event | {"index": 0})

    watch(trials, {"event": "started"})
    with tempfile.TemporaryFile() as errors:
        job = {"out": str(out), "trials": [trial.as_dict() for trial in trials]}
        worker = process.start("dlbench.worker", job, trials[0].execution.threads, errors)
        try:
            for event in process.events(worker):
                hear(event)
            worker.wait()
        finally:
            process.stop(worker)
        for index in range(len(ends), len(trials) if at_once else min(len(ends) + 1, len(trials))):
            end: Event = {"event": "end", "status": "failed", "message": process.last_words(worker.returncode, errors)}
            store.close_run(trials[index], out, end)
            hear(end | {"index": index})
    return [Outcome(t, ends[i]["status"], ends[i]["message"], t.path(out)) for i, t in enumerate(trials) if i in ends]
