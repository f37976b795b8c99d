"""How a trial ended early: by an exception, or because its process ended."""

from __future__ import annotations

import errno
import traceback
from pathlib import Path
from typing import IO

from dlbench.records.events import End

KILLED = -9  # by SIGKILL, which Windows has no name for
# Out of memory in the words of Python, C++, and torch on CPU, CUDA and MPS.
NO_MEMORY = ("MemoryError", "bad_alloc", "can't allocate memory", "not enough memory", "out of memory", "OutOfMemory")


def of_error(error: BaseException) -> End:
    """The end of a trial in which this was raised: interrupted, out_of_memory or failed, with its traceback."""
    if isinstance(error, KeyboardInterrupt | BrokenPipeError):  # a pipe breaks when the parent was killed
        return End("interrupted", "")
    message = f"{type(error).__name__}: {error}".partition("\n")[0]
    status = "out_of_memory" if is_of_memory(error) else "failed"
    return End(status, message, traceback="".join(traceback.format_exception(error)))


def of_process(code: int, errors: IO[bytes], oom_kills_before: int) -> End:
    """The end of a process that sent none itself: killed by a signal, out_of_memory or failed.

    code: its exit code, the negative signal if it was killed. errors: what it wrote on standard error.
    """
    message = last_words(code, errors)
    if (code == KILLED and oom_kills() > oom_kills_before) or any(word in message for word in NO_MEMORY):
        return End("out_of_memory", message)
    return End("killed" if code < 0 else "failed", message)


def last_words(code: int, errors: IO[bytes]) -> str:
    """How a process ended, in one line: its exit code or signal, and the last line that it wrote."""
    errors.seek(0)
    words = errors.read().decode("utf-8", "replace").strip().splitlines()
    how = f"the worker was killed by signal {-code}" if code < 0 else f"the worker ended with exit code {code}"
    return ": ".join([how, *words[-1:]])


def oom_kills(proc: Path = Path("/proc/self/cgroup"), root: Path = Path("/sys/fs/cgroup")) -> int:
    """How many processes of our control group Linux has killed to free memory; 0 where that is not counted."""
    try:
        groups = [line.split(":", 2) for line in proc.read_text().splitlines()]
        files = [root / path.lstrip("/") / "memory.events" for _, kind, path in groups if kind == ""]  # version 2
        files += [root / kind / path.lstrip("/") / "memory.oom_control" for _, kind, path in groups if kind == "memory"]
        lines = [line.split() for file in files if file.exists() for line in file.read_text().splitlines()]
        return sum(int(value) for name, value in lines if name == "oom_kill")
    except (OSError, ValueError):
        return 0


def is_of_memory(error: BaseException) -> bool:
    """Whether an error says that there is no memory left, in whatever words."""
    if isinstance(error, MemoryError) or (isinstance(error, OSError) and error.errno == errno.ENOMEM):
        return True
    return isinstance(error, RuntimeError) and any(word in f"{type(error).__name__}: {error}" for word in NO_MEMORY)
