"""Raw files, which are run files and timing files, wherever they lie: the one place where readers get them."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from dlbench.errors import InputError

ENDING: Final = ".jsonl"
TIMES: Final = "time"  # the folder, under the results folder, of what `dlbench time` leaves: no runs of trials


@dataclass(frozen=True)
class RawFile:
    """One file, as it was written.

    path: what frames and warnings call it. name: its place under the folder that was searched, with `/`. written: in
    seconds since 1970, if that is known. held: all it holds, if that has been read.
    """

    path: str
    name: str
    written: float | None = None
    held: bytes | None = None

    def read(self) -> bytes:
        """All it holds; raises InputError."""
        if self.held is not None:
            return self.held
        try:
            with open(self.path, "rb") as file:
                return file.read()
        except OSError as error:
            raise InputError(f"{self.path}: cannot be read ({error.strerror})") from None

    @property
    def is_timing(self) -> bool:
        """Whether it lies where `dlbench time` leaves its files."""
        return self.name.startswith(f"{TIMES}/")


def under(folder: Path) -> Iterator[RawFile]:
    """All under a results folder, by name; InputError if there is none."""
    if not folder.is_dir():
        raise InputError(f"{folder}: no such results folder; `dlbench run` makes one, --results names another")
    for name in _names(folder, ENDING):
        yield one(folder / name, name)


def at(paths: Iterable[Path]) -> Iterator[RawFile]:
    """Those at these paths, as frames have them, that are there."""
    for path in paths:
        if path.exists():
            yield one(path)


def one(path: Path, name: str = "") -> RawFile:
    """The file at a path, or what would be there."""
    try:
        written = path.stat().st_mtime
    except (OSError, ValueError):
        written = None
    return RawFile(str(path), name or path.name, written)


def _names(folder: Path, ending: str) -> list[str]:
    """Where all that is called so lies under a folder, links to folders not followed, in order."""
    found = []
    for place, folders, files in os.walk(folder):
        inside = os.path.relpath(place, folder)
        found += [os.path.join(inside, name) for name in (*folders, *files) if name.endswith(ending)]
    return sorted(Path(name).as_posix() for name in found)
