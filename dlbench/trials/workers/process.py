"""Worker processes: fresh interpreters that are told one job on standard input and tell events on standard output.

The parent keeps its end of standard input open: it closes with the parent, however that ends, and the worker with it.
"""

from __future__ import annotations

import io
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import IO, Any

from dlbench import exits

Event = dict[str, Any]
GRACE_SECONDS = 10
# Threads that sleep as soon as they wait cost nets a third of their speed on idle cores; threads that spin for long, as
# is libgomp's default, cost as much once something else wants a core. A few microseconds of spinning do neither.
PATIENT = {"GOMP_SPINCOUNT": "5000"}
SEEDED = {"PYTHONHASHSEED": "0"}  # else a set of strings has another order in each process


def start(module: str, job: Mapping[str, Any], threads: int, errors: IO[bytes]) -> subprocess.Popen[str]:
    """Run a module in a session of its own, so that Ctrl-C reaches only us, who pass it on; `stop` it in the end."""
    worker = subprocess.Popen(
        [sys.executable, "-P", "-m", module],  # -P: a folder called dlbench in the current one is not ours
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=errors, encoding="utf-8", start_new_session=True,
        env=PATIENT | os.environ | SEEDED | {"OMP_NUM_THREADS": str(threads), "PYTHONPATH": _import_path()},
    )  # fmt: skip
    assert worker.stdin is not None
    with suppress(BrokenPipeError):  # it died at once: its events end before they begin
        worker.stdin.write(json.dumps(job) + "\n")
        worker.stdin.flush()
    return worker


def _import_path() -> str:
    """PYTHONPATH of a worker: this very package first, whatever else is installed."""
    return os.pathsep.join(filter(None, [str(Path(__file__).parents[3]), os.environ.get("PYTHONPATH")]))


def events(worker: subprocess.Popen[str]) -> Iterator[Event]:
    """What the worker tells, until it ends."""
    assert worker.stdout is not None
    for line in worker.stdout:
        with suppress(ValueError):  # a worker that is killed while it tells something leaves half a line
            yield json.loads(line)


def stop(worker: subprocess.Popen[str]) -> None:
    """Ask a worker that still runs to end, and see to it that it does."""
    assert worker.stdin is not None
    assert worker.stdout is not None
    if worker.poll() is None:
        worker.send_signal(signal.SIGTERM)
        try:
            worker.wait(GRACE_SECONDS)
        except subprocess.TimeoutExpired:
            kill(worker)
            worker.wait()
    with suppress(BrokenPipeError):
        worker.stdin.close()
    worker.stdout.close()


def kill(worker: subprocess.Popen[str]) -> None:
    """End a worker, and whatever processes it has started, without asking."""
    if sys.platform == "win32":
        worker.kill()
    else:
        with suppress(ProcessLookupError):
            os.killpg(worker.pid, signal.SIGKILL)


class Deadline:
    """Kills a worker, from a thread, unless it is put off in time; without seconds it never does."""

    def __init__(self, worker: subprocess.Popen[str], seconds: float | None) -> None:
        self.has_passed = False
        self._worker = worker
        self._seconds = seconds
        self._timer: threading.Timer | None = None
        self.put_off()

    def put_off(self) -> None:
        """Give the worker all of its seconds again."""
        self.cancel()
        if self._seconds is not None and not self.has_passed:
            self._timer = threading.Timer(self._seconds, self._pass)
            self._timer.daemon = True
            self._timer.start()

    def cancel(self) -> None:
        """Let it be."""
        if self._timer is not None:
            self._timer.cancel()

    def _pass(self) -> None:
        self.has_passed = True
        if self._worker.poll() is None:
            kill(self._worker)


def last_words(code: int, errors: IO[bytes]) -> str:
    """How a worker ended that did not say so itself, in one line."""
    errors.seek(0)
    words = errors.read().decode("utf-8", "replace").strip().splitlines()
    how = f"the worker was killed by signal {-code}" if code < 0 else f"the worker ended with exit code {code}"
    return ": ".join([how, *words[-1:]])


def job() -> tuple[Any, Callable[[Event], None]]:
    """In a worker: the job, and a way to tell the parent an event; whatever a model prints goes to standard error."""
    exits.interrupt_on_termination()
    channel = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")  # no print may end a trial

    def tell(event: Event) -> None:
        channel.write(json.dumps(event) + "\n")
        channel.flush()

    told = json.loads(sys.stdin.readline())
    threading.Thread(target=_end_with_parent, args=(os.dup(0),), daemon=True).start()
    with open(os.devnull) as nothing:
        os.dup2(nothing.fileno(), 0)
    return told, tell


def _end_with_parent(channel: int) -> None:
    """Wait for the parent's end of a pipe to close, then interrupt this process, and kill it if it takes too long."""
    while os.read(channel, 1):
        pass
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(GRACE_SECONDS)
    if sys.platform != "win32" and os.getpgrp() == os.getpid():
        os.killpg(os.getpid(), signal.SIGKILL)
    os._exit(1)
