"""In a worker process: the job on standard input, events on standard output, and an end with the parent's."""

from __future__ import annotations

import io
import json
import os
import signal
import sys
import threading
import time
import traceback
from collections.abc import Callable
from queue import SimpleQueue
from typing import Any

from dlbench import exits
from dlbench.records import events
from dlbench.records.events import Event

GRACE_SECONDS = 10.0
Tell = Callable[[Event], None]


def job(lines: SimpleQueue[str] | None = None) -> tuple[Any, Tell]:
    """The job, and a function that sends the parent an event; whatever a model prints goes to standard error.

    lines: the parent's lines after the job are put here.
    """
    exits.interrupt_on_termination()
    channel = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")  # no print may end a trial

    def tell(event: Event) -> None:
        channel.write(events.message(event))
        channel.flush()

    job = json.loads(sys.stdin.readline())
    threading.Thread(target=_end_with_parent, args=(os.dup(0), lines), daemon=True).start()
    with open(os.devnull) as nothing:
        os.dup2(nothing.fileno(), 0)
    return job, tell


def run(main: Callable[[], None]) -> None:
    """A worker's whole life: `main`, and an end that does not wait for threads which a model has left running."""
    code = 1
    try:
        main()
        code = 0
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else int(end.code is not None)
        if isinstance(end.code, str):
            print(end.code, file=sys.stderr)
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stderr.flush()
        os._exit(code)


def _end_with_parent(channel: int, lines: SimpleQueue[str] | None) -> None:
    """Wait for the parent's end of a pipe to close, then interrupt this process, and kill it if it takes too long."""
    for line in os.fdopen(channel):
        if lines is not None:
            lines.put(line)
    exits.interrupt_this()
    time.sleep(GRACE_SECONDS)
    if exits.HAS_SIGNALS and os.getpgrp() == os.getpid():
        os.killpg(os.getpid(), signal.SIGKILL)
    os._exit(1)
