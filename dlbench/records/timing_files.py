"""Timing files, which `dlbench time` writes -> pandas frames, and figures from the raw laps of a process."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dlbench.records import events, raw_files
from dlbench.records.events import Size, Start, Timing
from dlbench.records.raw_files import RawFile
from dlbench.spec.execution import USUAL
from dlbench.stats import percentiles, steady
from dlbench.stats.estimates import Estimate, mean, median

if TYPE_CHECKING:
    import pandas as pd

PERCENTS = (50, 90, 99)
KINDS = ("parameter_bytes", "buffer_bytes", "gradient_bytes", "optimizer_bytes", "activation_bytes")
SIZES = ("process_peak_bytes", "device_peak_bytes", *KINDS)


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


def latencies(process: Mapping[str, Any]) -> dict[str, Estimate]:
    """Percentiles of single batches of a process, `p50_latency_ms`; those which too few batches tell are left out."""
    return _percentiles(known(process, "batch_seconds"), "latency")


def responses(process: Mapping[str, Any]) -> dict[str, Estimate]:
    """Percentiles of waiting and service of the requests, `p50_response_ms`; none where these outran the device."""
    pairs = zip(known(process, "waiting_seconds"), known(process, "service_seconds"), strict=True)
    return _percentiles([waiting + service for waiting, service in pairs], "response") if load_of(process) < 1 else {}


def load_of(process: Mapping[str, Any]) -> float:
    """The share of its time that a device needs for the requests: their rate x mean service; NaN without any."""
    services = known(process, "service_seconds")
    return process["arrivals_per_second"] * mean(services) if services else math.nan


def known(process: Mapping[str, Any], name: str) -> list[float]:
    """A list of the process, empty where its file has none."""
    values = process.get(name)
    return values if isinstance(values, list) else []  # a frame has NaN there


def _percentiles(seconds: Sequence[float], what: str) -> dict[str, Estimate]:
    return {
        f"p{percent}_{what}_ms": percentiles.percentile(seconds, percent).scaled(1000)
        for percent in PERCENTS
        if len(seconds) >= percentiles.fewest(percent)
    }
