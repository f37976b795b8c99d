"""Worker processes: fresh interpreters that are told one job on standard input and tell events on standard output."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import IO, Any, NoReturn

Event = dict[str, Any]
GRACE_SECONDS = 10
# Threads that wait by spinning halve the speed of a net, or worse, as soon as anything else wants a core.
PATIENT = {"OMP_WAIT_POLICY": "PASSIVE"}


def start(module: str, job: Mapping[str, Any], threads: int, errors: IO[bytes]) -> subprocess.Popen[str]:
    """Run a module in a session of its own, so that Ctrl-C reaches only us, who pass it on; `stop` it in the end."""
    worker = subprocess.Popen(
        [sys.executable, "-P", "-m", module],  # -P: a folder called dlbench in the current one is not ours
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=errors, encoding="utf-8", start_new_session=True,
        env=PATIENT | os.environ | {"OMP_NUM_THREADS": str(threads), "PYTHONPATH": _import_path()},
    )  # fmt: skip
    assert worker.stdin is not None
    worker.stdin.write(json.dumps(job) + "\n")
    worker.stdin.close()
    return worker


def _import_path() -> str:
    """PYTHONPATH of a worker: this very package first, whatever else is installed."""
    return os.pathsep.join(filter(None, [str(Path(__file__).parents[1]), os.environ.get("PYTHONPATH")]))


def events(worker: subprocess.Popen[str]) -> Iterator[Event]:
    """What the worker tells, until it ends."""
    assert worker.stdout is not None
    for line in worker.stdout:
        yield json.loads(line)


def stop(worker: subprocess.Popen[str]) -> None:
    """Ask a worker that still runs to end, and see to it that it does."""
    assert worker.stdout is not None
    if worker.poll() is None:
        worker.send_signal(signal.SIGTERM)
        try:
            worker.wait(GRACE_SECONDS)
        except subprocess.TimeoutExpired:
            worker.kill()
            worker.wait()
    worker.stdout.close()


def last_words(code: int, errors: IO[bytes]) -> str:
    """How a worker ended that did not say so itself, in one line."""
    errors.seek(0)
    words = errors.read().decode("utf-8", "replace").strip().splitlines()
    how = f"the worker was killed by signal {-code}" if code < 0 else f"the worker ended with exit code {code}"
    return ": ".join([how, *words[-1:]])


def job() -> tuple[Any, Callable[[Event], None]]:
    """In a worker: the job, and a way to tell the parent an event; whatever a model prints goes to standard error."""
    signal.signal(signal.SIGTERM, _interrupt)
    channel = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)

    def tell(event: Event) -> None:
        channel.write(json.dumps(event) + "\n")
        channel.flush()

    return json.loads(sys.stdin.readline()), tell


def _interrupt(*_: object) -> NoReturn:
    raise KeyboardInterrupt
