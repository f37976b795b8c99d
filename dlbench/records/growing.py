"""A run file that still grows, or any other, read event by event as they come."""

from __future__ import annotations

import os
from dataclasses import replace
from typing import Final

from dlbench.records import store
from dlbench.records.events import Event
from dlbench.records.raw_files import RawFile

KEPT: Final = 100  # bytes before our place: enough to tell one lap from another


class Growing:
    """A run file, read on from where the last look ended.

    A trial that goes on from a checkpoint cuts its file back, and one that begins anew empties it. Then the bytes
    before our place are others, and the file is read again from its start.
    """

    def __init__(self, file: RawFile, *, stale: bool = False) -> None:
        """stale: an earlier try left what is there; it does not count before somebody writes to the file."""
        self._file = file
        self._place, self._before = 0, b""
        self._stamp = self._now() if stale else None

    @property
    def written(self) -> float | None:
        """When the file was written, as far as we know, in seconds since 1970; None of one that cannot grow."""
        return self._stamp[-1] / 1e9 if self._stamp else None

    def news(self) -> list[Event]:
        """The events since the last look, the first again where the file was read again; raises InputError, OSError."""
        stamp = self._now()
        if (stamp is None or stamp == self._stamp) if self._file.held is None else self._place:
            return []
        self._stamp = stamp
        start, content = self._read()
        whole = content[: content.rfind(b"\n") + 1]  # a line may be half written
        self._place, self._before = start + len(whole), (self._before + whole)[-KEPT:]
        return list(store.events_in(replace(self._file, held=whole)))

    def _read(self) -> tuple[int, bytes]:
        """Where in the file we read on, and all from there."""
        if self._file.held is not None:
            return 0, self._file.held
        with open(self._file.path, "rb") as file:
            file.seek(self._place - len(self._before))
            if file.read(len(self._before)) != self._before:
                self._place, self._before = 0, b""
                file.seek(0)
            return self._place, file.read()

    def _now(self) -> tuple[int, ...] | None:
        """What changes whenever the file does; None where it is not there."""
        try:
            facts = os.stat(self._file.path)
        except OSError:
            return None
        return facts.st_ino, facts.st_size, facts.st_mtime_ns
