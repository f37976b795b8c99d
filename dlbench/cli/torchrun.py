"""dlbench under torchrun: its first process does everything, and starts processes of its own for each trial.

So a trial can time out, be killed or begin anew, as ever, and a call may have many of them. What torchrun has started
besides says nothing, waits, and ends with the same exit code.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta
from typing import Any, Final, NoReturn

from dlbench import exits
from dlbench.cli.options import WORLD_SIZE

ENDLESS: Final = timedelta(days=365)
GRACE: Final = timedelta(seconds=20)  # for the others to hear the exit code
CODE, HEARD, HEARD_BY_ALL = "dlbench: code", "dlbench: heard", "dlbench: heard by all"


def run(command: Callable[[], NoReturn]) -> NoReturn:
    """Do the command, with as many processes a trial as torchrun has started, or wait for the process that does."""
    if os.environ["RANK"] != "0":
        raise SystemExit(_code_of_first())
    os.environ.setdefault(WORLD_SIZE, os.environ["WORLD_SIZE"])
    code = exits.BUG
    try:
        if os.environ["WORLD_SIZE"] != os.environ["LOCAL_WORLD_SIZE"]:
            print("dlbench: torchrun: on one machine only; leave out --nnodes", file=sys.stderr)
            raise SystemExit(exits.USAGE)
        command()
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else exits.BUG
        raise
    finally:
        _tell(code)


def _store() -> Any:
    """What torchrun keeps for its processes to find each other."""
    from torch.distributed import TCPStore  # type: ignore[attr-defined]

    return TCPStore(os.environ["MASTER_ADDR"], int(os.environ["MASTER_PORT"]), is_master=False, timeout=ENDLESS)


def _code_of_first() -> int:
    """The exit code of the first process; it alone heeds Ctrl-C, and says how that ends."""
    _heed_no_signal()
    try:
        store = _store()
        code = int(store.get(CODE))
        if store.add(HEARD, 1) == int(os.environ["WORLD_SIZE"]) - 1:
            store.set(HEARD_BY_ALL, "")
    except RuntimeError:  # torchrun is gone, and its first process with it
        return exits.INTERRUPTED
    return code


def _tell(code: int) -> None:
    """Tell the others the exit code: torchrun ends those that have not heard it when this one has failed."""
    _heed_no_signal()
    with suppress(RuntimeError):
        store = _store()
        store.set(CODE, str(code))
        if os.environ["WORLD_SIZE"] != "1":
            store.wait([HEARD_BY_ALL], GRACE)


def _heed_no_signal() -> None:
    """End with one's own exit code, though torchrun asks each process to end when another has failed."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)
