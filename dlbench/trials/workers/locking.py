"""One writer at a time: a lock on a file that ends with its process, so that there is nothing to clean up.

Where the system (Windows) or the file system (some network drives) has no such locks, nothing is locked, and `work_in`
says so.
"""

from __future__ import annotations

import os
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


class Busy(Exception):
    """Another process holds the lock."""


@contextmanager
def locked(path: Path, patience: float = 0.0) -> Iterator[None]:
    """Hold the lock on a file, which is made if need be and, if still empty at the end, removed.

    Raises Busy if another process holds it for `patience` seconds, and OSError if the file cannot be opened or made.
    """
    if sys.platform == "win32":
        yield
        return
    handle = _hold(path, time.monotonic() + patience)
    try:
        yield
    finally:
        if os.fstat(handle).st_size == 0 and _is_at(handle, path):
            path.unlink()
        os.close(handle)


def is_locked(path: Path) -> bool:
    """Whether another process holds the lock on this file."""
    if not path.exists():
        return False
    try:
        with locked(path):
            return False
    except Busy:
        return True
    except OSError:
        return False  # whoever wants to write there will be told


def work_in(folder: Path) -> bool:
    """Whether a lock on a file in this folder keeps others out."""
    try:
        with tempfile.TemporaryDirectory(dir=folder, prefix=".locks-") as probe, locked(Path(probe) / "one"):
            return is_locked(Path(probe) / "one")
    except OSError:
        return True  # whoever wants to write there will be told


def _hold(path: Path, until: float) -> int:
    """A descriptor of the file at the path, locked."""
    while True:
        handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o666)
        try:
            _lock(handle)
            if _is_at(handle, path):
                return handle
            os.close(handle)  # removed or replaced between opening and locking
        except Busy:
            os.close(handle)
            if time.monotonic() >= until:
                raise
            time.sleep(0.01)


def _lock(handle: int) -> None:
    import fcntl

    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise Busy from None
    except OSError:
        return  # a file system without locks


def _is_at(handle: int, path: Path) -> bool:
    """Whether the open file is still the one at the path."""
    try:
        return os.path.samestat(os.fstat(handle), path.stat())
    except (FileNotFoundError, NotADirectoryError):
        return False
