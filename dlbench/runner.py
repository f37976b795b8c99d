"""Trials -> worker processes, one after another: skips what is finished, and no failure stops the rest."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from dlbench import store
from dlbench.data import sources
from dlbench.errors import InputError
from dlbench.plan import Trial

Event = dict[str, Any]
Watcher = Callable[[Sequence[Trial], Event], None]
DONE = ("finished", "diverged")  # a diverged trial would diverge again
GRACE_SECONDS = 10
# Threads that wait by spinning halve the speed of a net, or worse, as soon as anything else wants a core.
PATIENT = {"OMP_WAIT_POLICY": "PASSIVE"}


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
    finished = {outcome.trial.digest for outcome in outcomes}
    for job in _jobs([trial for trial in trials if trial.digest not in finished]):
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
    together: dict[str, list[Trial]] = {}
    for trial in trials:
        key = trial.recipe.digest if trial.recipe.together else trial.digest
        together.setdefault(key, []).append(trial)
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
        worker = _start(trials, out, errors)
        try:
            for event in _events(worker):
                hear(event)
            worker.wait()
        finally:
            _stop(worker)
        for index in range(len(ends), len(trials) if at_once else min(len(ends) + 1, len(trials))):
            end = _last_words(worker.returncode, errors)
            store.close_run(trials[index], out, end)
            hear(end | {"index": index})
    return [Outcome(t, ends[i]["status"], ends[i]["message"], t.path(out)) for i, t in enumerate(trials) if i in ends]


def _start(trials: list[Trial], out: Path, errors: IO[bytes]) -> subprocess.Popen[str]:
    """A fresh interpreter, in a session of its own so that Ctrl-C reaches only us, who pass it on."""
    worker = subprocess.Popen(
        [sys.executable, "-P", "-m", "dlbench.worker"],  # -P: a folder called dlbench in the current one is not ours
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=errors, encoding="utf-8", start_new_session=True,
        env=PATIENT | os.environ | {"OMP_NUM_THREADS": str(trials[0].execution.threads), "PYTHONPATH": _import_path()},
    )  # fmt: skip
    assert worker.stdin is not None
    worker.stdin.write(json.dumps({"out": str(out), "trials": [trial.as_dict() for trial in trials]}) + "\n")
    worker.stdin.close()
    return worker


def _import_path() -> str:
    """PYTHONPATH of a worker: this very package first, whatever else is installed."""
    return os.pathsep.join(filter(None, [str(Path(__file__).parents[1]), os.environ.get("PYTHONPATH")]))


def _events(worker: subprocess.Popen[str]) -> Iterator[Event]:
    assert worker.stdout is not None
    for line in worker.stdout:
        yield json.loads(line)


def _stop(worker: subprocess.Popen[str]) -> None:
    """Ask a worker that still runs to end, and see to it that it does."""
    assert worker.stdout is not None
    if worker.poll() is None:
        worker.send_signal(signal.SIGTERM)
        try:
            worker.wait(GRACE_SECONDS)
        except subprocess.TimeoutExpired:
            worker.kill()
            worker.wait()
    worker.stdout.close()


def _last_words(code: int, errors: IO[bytes]) -> Event:
    """The end of a worker that closed nothing itself."""
    errors.seek(0)
    words = errors.read().decode("utf-8", "replace").strip().splitlines()
    how = f"the worker was killed by signal {-code}" if code < 0 else f"the worker ended with exit code {code}"
    return {"event": "end", "status": "failed", "message": ": ".join([how, *words[-1:]])}
