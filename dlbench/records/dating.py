"""When a run began: what its file says, checked against the clock here and against the time that the file was written.

A machine whose clock is ahead dates its runs in the future, where they would count as the newest for ever.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, MutableMapping
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any, Final

from dlbench.reading import quoted

GRACE_SECONDS: Final = 300  # clocks of machines that share a folder differ by as much
FIRST: Final = datetime(2020, 1, 1, tzinfo=UTC).timestamp()  # archives that keep no times give files older ones
UNKNOWN: Final = "0001-01-01T00:00:00+00:00"  # older than all others: what nobody can date outranks nothing


def date(rows: Iterable[MutableMapping[str, Any]]) -> list[str]:
    """Give each row a `date` from its `started` and its `written`, which is removed; returns warnings of wrong dates.

    written: when the file at its `path` was written, in seconds since 1970, if that is known.

    A date later than now or than its file is replaced by the file's date; where that is no better, by one older than
    all others.
    """
    now = time.time()
    wrong: dict[str, list[str]] = {}
    for row in rows:
        row["date"], why = believable(row["started"], row.pop("written"), now)
        if why:
            wrong.setdefault(why, []).append(f"{row['path']}: dated {quoted(row['started'])}, {why}")
    return [lines[0] + (f"; so are {len(lines) - 1} more" if len(lines) > 1 else "") for lines in wrong.values()]


def believable(started: str, written: float | None, now: float) -> tuple[str, str]:
    """The date of a run, and why it is not the one in its file; empty if it is.

    written: when the file was written, in seconds since 1970, if that is known; now: likewise.
    """
    seconds = _seconds(started)
    file_seconds = None if written is None or not FIRST < written <= now + GRACE_SECONDS else written
    if seconds is not None and seconds <= (now if file_seconds is None else min(now, file_seconds)) + GRACE_SECONDS:
        return _text(seconds), ""
    late = "later than its file" if seconds is not None and seconds <= now + GRACE_SECONDS else "in the future"
    why = "which is no date" if seconds is None else late
    if file_seconds is None:
        return UNKNOWN, f"{why}: counts as the oldest"
    return _text(file_seconds), f"{why}: its file's date counts"


def _seconds(started: str) -> float | None:
    with suppress(ValueError, OverflowError):
        date = datetime.fromisoformat(started)
        return (date if date.tzinfo else date.replace(tzinfo=UTC)).timestamp()
    return None


def _text(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="seconds")
