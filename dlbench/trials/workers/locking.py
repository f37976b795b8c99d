"""One writer at a time: a lock on a file that ends with its process, so that there is nothing to clean up.

Windows would keep everybody from reading a locked file, and from removing an open one: there the lock is on a file
beside it, by filelock. Where a file system (some network drives) has no locks, nothing is locked: `work_in` says so.
"""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from importlib.util import find_spec
from pathlib import Path
from typing import Final

FLOCK: Final = find_spec("fcntl") is not None  # else this is Windows


class Busy(Exception):
    """Another process holds the lock."""


@contextmanager
def locked(path: Path, patience: float = 0.0) -> Iterator[None]:
    """Hold the lock on a file, which is made if need be and, if still empty at the end, removed.

    Raises Busy if another process holds it for `patience` seconds, and OSError if the file cannot be opened or made.
    """
    if not FLOCK:
        with _beside(path, patience):
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
    if not (path if FLOCK else _lock_beside(path)).exists():
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


def _lock_beside(path: Path) -> Path:
    return path.with_name(f".{path.name}.lock")


@contextmanager
def _beside(path: Path, patience: float) -> Iterator[None]:
    """The lock on a file beside it, which is removed unless somebody waits for it."""
    from filelock import FileLock, Timeout

    lock = FileLock(_lock_beside(path))
    try:
        lock.acquire(timeout=patience, poll_interval=0.01)
    except Timeout:
        raise Busy from None
    try:
        yield
    finally:
        lock.release()
        with suppress(OSError):
            _lock_beside(path).unlink()


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
