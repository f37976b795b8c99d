"""The process in which a trial runs: told what to do on standard input, it writes the run files and tells its parent.

Each line on standard output is one JSON object: the events of the run, or `{"event": "refused"}` for something the user can
mend, or `{"event": "failed"}`. The run file is begun only when data and model are there: a refused trial leaves nothing.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import traceback
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any, NoReturn

from dlbench import plan, trial
from dlbench.errors import InputError
from dlbench.plan import Trial
from dlbench.store import RunFile

Event = dict[str, Any]


def main() -> None:
    """Run the trials described on standard input, which differ in nothing but their seed."""
    signal.signal(signal.SIGTERM, _interrupt)
    tell = _parent()
    job = json.loads(sys.stdin.readline())
    trials = [plan.from_dict(kept) for kept in job["trials"]]
    try:
        _run(trials, Path(job["out"]), tell)
    except InputError as error:
        tell({"event": "refused", "message": str(error)})


def _run(trials: list[Trial], out: Path, tell: Callable[[Event], None]) -> None:
    files: dict[int, RunFile] = {}
    end: Event = {}
    try:
        for index, event in trial.run(trials):
            if event["event"] == "ready":
                files[index] = RunFile(trials[index], out)
            if event["event"] != "estimate":
                files[index].write({key: value for key, value in event.items() if key not in ("of", "look")})
            tell(event | {"index": index})
    except InputError:
        raise
    except (KeyboardInterrupt, BrokenPipeError):  # a pipe breaks when the parent was killed
        end = {"event": "end", "status": "interrupted", "message": ""}
    except Exception as error:
        message = f"{type(error).__name__}: {error}"
        end = {"event": "end", "status": "failed", "message": message, "traceback": traceback.format_exc()}
    if end:
        for index, chosen in enumerate(trials):
            (files.get(index) or RunFile(chosen, out)).write(end)
        with suppress(BrokenPipeError):
            for index in range(len(trials)):
                tell(end | {"index": index})


def _parent() -> Callable[[Event], None]:
    """A way to tell the parent one event; whatever a model prints goes to standard error instead."""
    channel = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)

    def tell(event: Event) -> None:
        channel.write(json.dumps(event) + "\n")
        channel.flush()

    return tell


def _interrupt(*_: object) -> NoReturn:
    raise KeyboardInterrupt


if __name__ == "__main__":
    main()
