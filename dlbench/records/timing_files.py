"""Timing files, which `dlbench time` writes -> pandas frames, and figures from the raw laps of a process."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dlbench.records import events, raw_files
from dlbench.records.events import Size, Start, Timing
from dlbench.records.raw_files import RawFile
from dlbench.spec.execution import USUAL
from dlbench.stats import steady
from dlbench.stats.estimates import median

if TYPE_CHECKING:
    import pandas as pd


def load(paths: Sequence[Path]) -> pd.DataFrame:
    """One row a timing file, raw: what was timed, on what, and the events' own columns, `seconds` a list of laps.

    Columns: recipe, recipe_digest, mode, data, process, started, the settings of an Execution, machine, fingerprint,
    torch, path, and the fields of Size and Timing.
    """
    import pandas as pd

    return pd.DataFrame([read(raw_files.one(path))[1] for path in paths])


def read(file: RawFile) -> tuple[Start, dict[str, Any]]:
    """The first event of a timing file, and its row in the frame that `load` makes."""
    first, second, third = file.read().splitlines()
    start, size, timing = events.parse(first, Start), events.parse(second, Size), events.parse(third, Timing)
    row = {
        "recipe": start.recipe["name"],
        **{key: getattr(start, key) for key in ("recipe_digest", "mode", "data", "process", "started")},
        **USUAL, **start.execution,
        "machine": start.machine["name"], "fingerprint": start.machine["fingerprint"],
        "torch": start.versions["torch"], "path": file.path,
        **vars(size), **vars(timing),
    }  # fmt: skip
    return start, row


def warm_up_laps(process: Mapping[str, Any]) -> int | None:
    """How many laps of a process are warm-up; None if it never became steady."""
    return steady.warm_up(process["seconds"])


def steady_laps(process: Mapping[str, Any]) -> Sequence[float]:
    """The laps of a process after warm-up; the second half if it never became steady."""
    laps: Sequence[float] = process["seconds"]
    start = warm_up_laps(process)
    return laps[len(laps) // 2 if start is None else start :]


def lap_seconds(process: Mapping[str, Any]) -> float:
    """The median lap of a process after warm-up."""
    return median(steady_laps(process))
