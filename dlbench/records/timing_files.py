"""Timing files -> pandas frames, and what the raw laps of a process come to. `dlbench time` writes them."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dlbench.records import raw_files
from dlbench.records.event_line import number
from dlbench.records.raw_files import RawFile
from dlbench.stats import steady
from dlbench.stats.estimates import median

if TYPE_CHECKING:
    import pandas as pd


def load(paths: Sequence[Path]) -> pd.DataFrame:
    """One row a timing file, raw: what was timed, on what, and the events' own columns, `seconds` a list of laps.

    Columns: recipe, recipe_digest, mode, data, process, started, device, threads, channels_last, precision,
    compile, cuda_graphs, machine, fingerprint, torch, path, and those of the events `size` and `timing`.
    """
    import pandas as pd

    return pd.DataFrame([read(raw_files.one(path))[1] for path in paths])


def read(file: RawFile) -> tuple[Mapping[str, Any], dict[str, Any]]:
    """The first event of a timing file, and its row in the frame that `load` makes."""
    start, size, timing = map(json.loads, file.read().decode("utf-8").splitlines())
    row = {
        "recipe": start["recipe"]["name"],
        **{key: start[key] for key in ("recipe_digest", "mode", "data", "process", "started")},
        "cuda_graphs": False,  # files of before there were any
        **start["execution"],
        "machine": start["machine"]["name"], "fingerprint": start["machine"]["fingerprint"],
        "torch": start["versions"]["torch"], "path": file.path,
        **{key: number(value) for key, value in (size | timing).items() if key != "event"},
    }  # fmt: skip
    return start, row


def skipped(process: Mapping[str, Any]) -> int | None:
    """How many laps of a process were warm-up; None if it never became steady."""
    return steady.warm_up(process["seconds"])


def kept(process: Mapping[str, Any]) -> Sequence[float]:
    """The laps of a process after warm-up; the second half if it never became steady."""
    laps: Sequence[float] = process["seconds"]
    start = skipped(process)
    return laps[len(laps) // 2 if start is None else start :]


def lap_seconds(process: Mapping[str, Any]) -> float:
    """The median lap of a process after warm-up."""
    return median(kept(process))
