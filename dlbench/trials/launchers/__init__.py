"""Launchers: how trials get processes. One file a launcher; `runner` knows only the protocol here.

A launcher is given jobs, any number at once, and reports the events of their processes. A new one, for a cluster say,
is a file here with a class that does what `Launcher` says: its processes run `dlbench.trials.workers.trials`, which
reads `Job.as_dict` as a line of JSON on standard input, prints events as lines, and writes the run files. `opened`
finds it by the name of its file.
"""

from __future__ import annotations

import importlib
from collections.abc import Collection, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, NamedTuple, Protocol

from dlbench.errors import InputError
from dlbench.records.events import End, Event
from dlbench.trials.plan import Trial
from dlbench.trials.sites import Site

ADDRESSES: Final = {"local": "local", "ray": "ray", "auto": "ray", "ray://HOST:PORT": "ray", "slurm": "slurm"}
"""What `--on` may say, and the file of the launcher that it means."""


@dataclass(frozen=True, eq=False)
class Job:
    """The trials of one process: at once if they make one model, else one after the other.

    fresh: run them even if they are finished. accepted: kinds of change for which nothing is run again. seconds: after
    that, trials under way are interrupted. threads: that the process may use. timeout: seconds after which it is
    killed; each trial has that long, or all that learn at once. keep_weights: write them beside the run.
    """

    trials: Sequence[Trial]
    out: Path
    fresh: bool
    accepted: Collection[str]
    seconds: float | None
    threads: int
    timeout: float | None
    keep_weights: bool = False

    @property
    def is_at_once(self) -> bool:
        """Whether the trials learn as one model, else one after the other."""
        return self.trials[0].recipe.together == "model"

    def as_dict(self) -> dict[str, Any]:
        """What the process reads."""
        return {
            "trials": [trial.as_dict() for trial in self.trials], "out": str(self.out), "fresh": self.fresh,
            "accepted": list(self.accepted), "seconds": self.seconds, "keep_weights": self.keep_weights,
        }  # fmt: skip


class Report(NamedTuple):
    """An event from the process of a job; the last report says how the process ended."""

    job: Job
    event: Event
    is_last: bool = False

    @property
    def end(self) -> End:
        """How the process has ended."""
        assert isinstance(self.event, End)
        return self.event


class Launcher(Protocol):
    """Gives jobs processes, all for one thread: the methods never run at the same time."""

    @property
    def machines(self) -> int:
        """How many machines give jobs processes: each has room for as many jobs as `Execution.jobs` says."""

    def site(self, device: str) -> Site:
        """What those machines are, which are all alike. Raises InputError if they are not, or have no such device."""

    def check_data(self, names: Collection[str]) -> None:
        """Raise InputError, before anything runs, if a data set that comes by download is missing or damaged there."""

    def __len__(self) -> int:
        """How many jobs have a process now."""

    def start(self, job: Job) -> None:
        """Give the job a process; returns at once."""

    def listen(self, until: float) -> Report | None:
        """Wait for the next report on any job; None once time.monotonic() is at `until`.

        Each job has one last report, after all its others. Ctrl-C ends the wait.
        """

    def stop(self) -> Iterable[Report]:
        """End all processes: ask them, and kill those that take too long.

        Returns the events that nobody listened to yet, once no process is left; there are no last reports then.
        """


def opened(on: str, settings: Mapping[str, str], out: Path, threads: int | None) -> AbstractContextManager[Launcher]:
    """The launcher for one of ADDRESSES, which ends all that it has started when it is left.

    settings: of `--slurm`. threads: that a trial asks for, where somebody says. Raises InputError for an address that
    means nothing, or where a package is missing.
    """
    address = f"{on.partition('://')[0]}://HOST:PORT" if "://" in on else on
    if address not in ADDRESSES:
        raise InputError(f"--on {on}: unknown; there are {', '.join(ADDRESSES)}")
    if settings and on != "slurm":
        raise InputError("--slurm: only with --on slurm")
    file = importlib.import_module(f"{__name__}.{ADDRESSES[address]}")
    launcher: AbstractContextManager[Launcher] = file.opened(on, settings, out, threads)
    return launcher
