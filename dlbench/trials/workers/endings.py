"""How a trial ended that did not come to its end: the `end` event for an exception, or for a worker that died."""

from __future__ import annotations

import errno
import traceback
from pathlib import Path
from typing import IO, Any

from dlbench.trials.workers.process import last_words

Event = dict[str, Any]
KILLED = -9  # by SIGKILL, which Windows has no name for
# Out of memory in the words of Python, C++, and torch on CPU, CUDA and MPS.
NO_MEMORY = ("MemoryError", "bad_alloc", "can't allocate memory", "not enough memory", "out of memory", "OutOfMemory")


def of_error(error: BaseException) -> Event:
    """The end of a trial in which this was raised: interrupted, out_of_memory or failed, with its traceback."""
    if isinstance(error, KeyboardInterrupt | BrokenPipeError):  # a pipe breaks when the parent was killed
        return _end("interrupted", "")
    message = f"{type(error).__name__}: {error}".partition("\n")[0]
    status = "out_of_memory" if _is_of_memory(error) else "failed"
    return _end(status, message) | {"traceback": "".join(traceback.format_exception(error))}


def of_message(message: str) -> Event:
    """The end of a trial that failed for a reason that one line says, such as a run file that cannot be written."""
    return _end("failed", message)


def of_timeout(seconds: float) -> Event:
    """The end of a trial that took longer than it was given."""
    return _end("timeout", f"took longer than {seconds:g} s")


def of_worker(code: int, errors: IO[bytes], oom_kills_before: int) -> Event:
    """The end of a worker that did not say so itself: killed by a signal, out_of_memory or failed.

    code: its exit code, the negative signal if it was killed. errors: what it wrote on standard error.
    """
    message = last_words(code, errors)
    if (code == KILLED and oom_kills() > oom_kills_before) or any(word in message for word in NO_MEMORY):
        return _end("out_of_memory", message)
    return _end("killed" if code < 0 else "failed", message)


def oom_kills(proc: Path = Path("/proc/self/cgroup"), root: Path = Path("/sys/fs/cgroup")) -> int:
    """How many processes of our control group Linux has killed to free memory; 0 where nobody counts."""
    try:
        groups = [line.split(":", 2) for line in proc.read_text().splitlines()]
        files = [root / path.lstrip("/") / "memory.events" for _, kind, path in groups if kind == ""]  # version 2
        files += [root / kind / path.lstrip("/") / "memory.oom_control" for _, kind, path in groups if kind == "memory"]
        lines = [line.split() for file in files if file.exists() for line in file.read_text().splitlines()]
        return sum(int(value) for name, value in lines if name == "oom_kill")
    except (OSError, ValueError):
        return 0


def _end(status: str, message: str) -> Event:
    return {"event": "end", "status": status, "message": message}


def _is_of_memory(error: BaseException) -> bool:
    if isinstance(error, MemoryError) or (isinstance(error, OSError) and error.errno == errno.ENOMEM):
        return True
    return isinstance(error, RuntimeError) and any(word in f"{type(error).__name__}: {error}" for word in NO_MEMORY)
