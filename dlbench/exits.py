"""The exit codes, by which a script knows how a command ended; and termination from outside."""

from __future__ import annotations

import _thread
import os
import signal
from typing import Final

FINE: Final = 0
REGRESSION: Final = 1  # a limit was breached, a claim refuted, a check failed, or a replay differed
USAGE: Final = 2  # something to mend in the call, the files or the installation
FAILED: Final = 3  # a trial failed or diverged
NOTHING_COMPARABLE: Final = 4
INCONCLUSIVE: Final = 5  # with --strict
BUG: Final = 70  # of dlbench, with a traceback; as sysexits.h has it
TIMEOUT: Final = 124  # as coreutils' timeout has it
INTERRUPTED: Final = 130  # 128 + SIGINT


HAS_SIGNALS: Final = hasattr(os, "killpg")
"""Whether SIGTERM asks a process to end, and processes form groups; on Windows it ends one without a word."""


def interrupt_on_termination() -> None:
    """From now on SIGTERM ends this process as Ctrl-C does, by a KeyboardInterrupt."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)


def interrupt_this() -> None:
    """Interrupt the main thread of this process as SIGTERM does, from any thread and on any system."""
    if HAS_SIGNALS:
        os.kill(os.getpid(), signal.SIGTERM)  # which also ends a wait in C
    else:
        _thread.interrupt_main(signal.SIGTERM)
