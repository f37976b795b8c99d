"""Writing run files: one JSON line an event, handed to the system at once, and never over somebody else's file.

A file is opened for each event and closed again. So a thousand seeds that learn at once need no thousand descriptors,
and a file that was removed, replaced or made unwritable meanwhile is noticed at the next event.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

from dlbench.records import events, store
from dlbench.records.events import End, Event
from dlbench.trials.plan import Trial
from dlbench.trials.workers import locking

PATIENCE_SECONDS = 0.2  # others hold a lock for a moment to see whether it is free
START = b'{"event": "start"'


class Unwritable(Exception):
    """A run file that cannot or must not be written; the message is one line that names it."""


class RunFile:
    """One run's events."""

    def __init__(self, trial: Trial, out: Path, offset: int | None = None) -> None:
        """Begin the file with all that is needed to repeat the trial, or go on after its first `offset` bytes.

        An unfinished run is overwritten. A file that is no run file is copied first, to `aside`. Raises Unwritable if
        that, or writing, is impossible, and for a run of a newer dlbench.
        """
        self.path = trial.path(out)
        self.aside: Path | None = None
        with _named(self.path):
            self.path.parent.mkdir(parents=True, exist_ok=True)
            if not _is_ours(self.path) and self.path.exists() and self.path.stat().st_size:
                self.aside = _copy(self.path)
            with self.path.open("ab") as file:
                file.truncate(offset or 0)
                self._identity = os.fstat(file.fileno())
        if offset is None:
            self.write(trial.start())

    def write(self, event: Event) -> None:
        """Append one event; raises Unwritable."""
        with _named(self.path), open(self.path, "ab", opener=_open_existing) as file:
            if not os.path.samestat(self._identity, os.fstat(file.fileno())):
                raise Unwritable(f"{self.path}: was replaced by another file while the trial ran")
            file.write(events.line(event).encode())

    def size(self) -> int:
        """Bytes so far; raises OSError."""
        return self.path.stat().st_size


@contextmanager
def claimed(trials: Sequence[Trial], out: Path) -> Iterator[None]:
    """Keep all other processes from running these trials, which run at once.

    One lock is enough: on the run file, or for copies, whose seeds differ from call to call, on a file beside it.
    Raises locking.Busy if another process has it, and Unwritable if the file or folder cannot be made.
    """
    path = lock_path(trials[0], out)
    with ExitStack() as stack:
        with _named(path):
            path.parent.mkdir(parents=True, exist_ok=True)
            stack.enter_context(locking.locked(path, PATIENCE_SECONDS))
        yield


def lock_path(trial: Trial, out: Path) -> Path:
    """The file that a process locks while it runs this trial."""
    path = trial.path(out)
    return path.with_name(".lock") if trial.recipe.together == "model" else path


def close_run(trial: Trial, out: Path, end: End) -> str:
    """Write the end of a trial for its worker, unless the worker did so or another process has taken over the trial.

    A file that cannot be written is left as it is. Returns the status of the run.
    """
    with suppress(locking.Busy, Unwritable), claimed([trial], out):
        status = store.status(trial.path(out))
        if status in (*store.DONE, end.status):
            return status
        append_end(trial, out, end)
    return end.status


def append_end(trial: Trial, out: Path, end: End) -> None:
    """Write the end of a claimed trial to its file, which is begun if it does not exist; raises Unwritable.

    The file of a finished run stays as it is.
    """
    path = trial.path(out)
    if store.status(path) in store.DONE:
        return
    if not _is_ours(path):
        RunFile(trial, out)
    with _named(path), path.open("ab") as file:
        file.write(b"\n" + events.line(end).encode())  # a line cut short stays a line of its own


@contextmanager
def _named(path: Path) -> Iterator[None]:
    """An OSError inside becomes Unwritable, in one line."""
    try:
        yield
    except OSError as error:
        raise Unwritable(f"{error.filename or path}: cannot be written ({error.strerror or error})") from None


def _open_existing(path: str, flags: int) -> int:
    return os.open(path, flags & ~os.O_CREAT)


def _is_ours(path: Path) -> bool:
    """Whether the file begins as a run file does; raises Unwritable for one of a newer dlbench, which must stay."""
    if not path.exists():
        return False
    with _named(path), path.open("rb") as file:
        first = file.readline(10_000_000)
    schema = events.schema(first)
    if isinstance(schema, int) and schema > store.SCHEMA:
        raise Unwritable(
            f"{path}: is a run of a newer dlbench (schema {schema}) and stays as it is; "
            "update dlbench or choose another folder with --out"
        )
    return first.startswith(START) or (first != b"" and START.startswith(first))


def _copy(path: Path) -> Path:
    """Copy a file to the first name beside it that is free."""
    number = 1
    while (aside := path.with_name(f"{path.name}.damaged{number}")).exists():
        number += 1
    shutil.copyfile(path, aside)
    return aside
