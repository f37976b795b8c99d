"""The process in which a trial runs: told what to do on standard input, it writes the run files and tells its parent.

Each line on standard output is one JSON object: the events of the run, or `{"event": "refused"}` for something the user
can mend. The run file is begun only when data and model are there: a refused trial leaves nothing.
"""

from __future__ import annotations

import traceback
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

from dlbench import plan, process, trial
from dlbench.errors import InputError
from dlbench.plan import Trial
from dlbench.store import RunFile, close_run

Event = dict[str, Any]


def main() -> None:
    """Run the trials described on standard input, which differ in nothing but their seed."""
    job, tell = process.job()
    trials = [plan.from_dict(kept) for kept in job["trials"]]
    try:
        _run(trials, Path(job["out"]), tell)
    except InputError as error:
        tell({"event": "refused", "message": str(error)})


def _run(trials: list[Trial], out: Path, tell: Callable[[Event], None]) -> None:
    """Run the trials at once if they make one batched model, else one after the other."""
    at_once = trials[0].recipe.together == "model"
    for first in [0] if at_once else range(len(trials)):
        batch = trials if at_once else trials[first : first + 1]
        if not _run_batch(batch, out, lambda event, first=first: tell(event | {"index": event["index"] + first})):  # type: ignore[misc]
            return


def _run_batch(trials: list[Trial], out: Path, tell: Callable[[Event], None]) -> bool:
    """Run trials at once; returns whether to go on with others."""
    files: dict[int, RunFile] = {}
    try:
        for index, event in trial.run(trials):
            if event["event"] == "ready":
                files[index] = RunFile(trials[index], out)
            if event["event"] != "estimate":
                files[index].write({key: value for key, value in event.items() if key not in ("of", "look")})
            tell(event | {"index": index})
        return True
    except InputError:
        raise
    except (KeyboardInterrupt, BrokenPipeError):  # a pipe breaks when the parent was killed
        end: Event = {"event": "end", "status": "interrupted", "message": ""}
    except Exception as error:
        message = f"{type(error).__name__}: {error}".partition("\n")[0]
        end = {"event": "end", "status": "failed", "message": message, "traceback": traceback.format_exc()}
    finally:
        for file in files.values():
            file.close()
    for index, chosen in enumerate(trials):
        close_run(chosen, out, end)
        with suppress(BrokenPipeError):
            tell(end | {"index": index})
    return bool(end["status"] == "failed")


if __name__ == "__main__":
    main()
