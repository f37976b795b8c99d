"""The files of trials that run where the results folder is not: sent there, and brought back whenever they change.

Whenever that is cut short, the results folder is as after a cut at home. A run file grows in place, for its lock lies
on it; all others are replaced whole. A checkpoint comes after the part of the run file that it stands for.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from dlbench.records import raw_files
from dlbench.trials.plan import Trial
from dlbench.trials.workers import checkpoint_file
from dlbench.writing import replacing

PART = ".part"  # how a file is called while it is written
Stamp = tuple[int, int, int]


class Change(NamedTuple):
    """A file as it is now: content from the byte `offset` on, where it ends; removed if content is None."""

    name: str
    content: bytes | None
    offset: int = 0


class Copies:
    """A folder with copies of files, at the node."""

    def __init__(self, folder: Path, files: Mapping[str, bytes]) -> None:
        """Write the files into the folder, which is empty."""
        self._folder = folder
        self._grown: dict[str, bytes] = {}  # run files, as the other side has them
        for name, content in files.items():
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
            if name.endswith(raw_files.ENDING):
                self._grown[name] = content
        self._stamps = dict(self._look())

    def changes(self) -> list[Change]:
        """What has changed since the last call, run files first; what they had then is read last."""
        stamps = dict(self._look())
        names = [name for name, stamp in stamps.items() if self._stamps.get(name) != stamp]
        gone = [
            Change(name, None) for name in self._stamps.keys() - stamps.keys() if not name.endswith(raw_files.ENDING)
        ]
        self._stamps = stamps
        whole = [
            Change(name, content)
            for name in names
            if not name.endswith(raw_files.ENDING)
            if (content := self._read(name)) is not None
        ]
        grown = [self._growth(name) for name in names if name.endswith(raw_files.ENDING)]
        return [*filter(None, grown), *whole, *gone]

    def _look(self) -> Iterator[tuple[str, Stamp]]:
        for path in self._folder.rglob("*"):
            with suppress(FileNotFoundError):
                facts = path.stat()
                if path.is_file() and facts.st_size and path.suffix != PART:
                    yield str(path.relative_to(self._folder)), (facts.st_ino, facts.st_mtime_ns, facts.st_size)

    def _read(self, name: str) -> bytes | None:
        with suppress(FileNotFoundError):
            return (self._folder / name).read_bytes()
        return None

    def _growth(self, name: str) -> Change | None:
        """The end of a run file, from where it is not as it was."""
        before, now = self._grown.get(name, b""), self._read(name)
        if now is None or now == before:
            return None
        self._grown[name] = now
        offset = len(before) if now.startswith(before) else _shared(before, now)
        return Change(name, now[offset:], offset)


def _shared(one: bytes, other: bytes) -> int:
    """How many bytes both begin with."""
    pairs = enumerate(zip(one, other, strict=False))
    return next((number for number, (mine, yours) in pairs if mine != yours), min(len(one), len(other)))


def of_trials(trials: Iterable[Trial], out: Path) -> dict[str, bytes]:
    """The run files and checkpoints of these trials, by their path in the results folder."""
    files = [path for trial in trials for path in (trial.path(out), checkpoint_file.path_for(trial.path(out)))]
    return {str(path.relative_to(out)): path.read_bytes() for path in files if path.exists() and path.stat().st_size}


def apply(changes: Sequence[Change], out: Path) -> None:
    """Make the changes in the results folder; raises OSError, for a run file that was cut or removed as well."""
    for name, content, offset in changes:
        path = out / name
        if content is None:
            path.unlink(missing_ok=True)
        elif name.endswith(raw_files.ENDING):
            _grow(path, content, offset)
        else:
            with replacing(path) as file:
                file.write(content)


def _grow(path: Path, content: bytes, offset: int) -> None:
    if offset == 0:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    with path.open("r+b") as file:
        if file.seek(0, os.SEEK_END) < offset:
            raise OSError(0, "was replaced by another file while the trial ran", str(path))
        file.truncate(offset)
        file.seek(offset)
        file.write(content)
