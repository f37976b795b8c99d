"""Timing files -> how fast recipes train and infer, the interval over processes, and what to make of it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import pandas as pd

from dlbench.measure import disturbance
from dlbench.records.timing_files import kept, lap_seconds, skipped
from dlbench.report.table import Table
from dlbench.stats import steady
from dlbench.stats.estimates import Estimate, median

SETTINGS = ("device", "threads", "precision", "compile", "cuda_graphs", "channels_last", "torch")
KEYS = ("recipe", "mode", "batch_size", *SETTINGS)
LEAST = 5e-5  # below it, four decimals show nothing
MIB = 2**20
JOULES_PER_KWH = 3.6e6

HOW = (
    "examples/s and ms per step: geometric mean of the processes' median laps, with Student's 95 % interval of its "
    "logarithm over the n processes. MAD: median absolute deviation of a process's laps, median over processes.",
    "Warm-up, left out of each process: laps before the first six whose median is within 2 % of the median of the "
    "second half of all laps, or between its quartiles. Never steady: that takes more than half of the laps, or the "
    "halves of what follows differ (by 2 %, and by a rank test). The first step, compilation included, stands apart.",
    "Memory: the most ever held, in a process of its own. TFLOP/s: matrix products and convolutions, by torch's "
    "counter. MFU: of the faster of a matrix-product and a convolution probe, by the same process in the same "
    "precision.",
)
SYNTHETIC = "Data 'synthetic': random images, not augmented, because the recipe's own data are not on disk."
ONE_PROCESS = (
    "One process: the interval is of batches of its laps, corrected for their correlation, and knows nothing of what "
    "changes from process to process: time with --repeats 5 or more before comparing."
)
NOT_COMPARABLE = "Tables of unlike fingerprints are not comparable: these are different machines."


def timing(timings: pd.DataFrame, gco2_per_kwh: float | None = None) -> list[Table]:
    """A table a machine; a row for each recipe, mode, batch size, setting and kind of data, from all its processes.

    timings: raw, as `dlbench.records.timing_files.load` gives them. gco2_per_kwh: adds what joules come to in CO2.
    """
    by_machine = [part for _, part in timings.groupby("fingerprint", sort=False)]
    return [_table(part, gco2_per_kwh, unlike=len(by_machine) > 1) for part in by_machine]


def _table(timings: pd.DataFrame, gco2_per_kwh: float | None, *, unlike: bool) -> Table:
    alike = [name for name in SETTINGS if timings[name].nunique() == 1]
    by = ["recipe", "recipe_digest", "mode", "batch_size", "data", *SETTINGS]
    groups = [part.to_dict("records") for _, part in timings.groupby(by, sort=False)]
    rows = [{**row, **dict.fromkeys(alike)} for row in (_row(group, gco2_per_kwh) for group in groups)]
    first = timings.iloc[0]
    notes = [
        f"All rows: {', '.join(filter(None, (_setting(name, first[name]) for name in alike)))}.",
        *_doubts(groups),
        *_disturbances(timings.to_dict("records")),
        *_uncounted(groups),
        *HOW,
        *([SYNTHETIC] if (timings["data"] == "synthetic").any() else []),
        *([NOT_COMPARABLE] if unlike else []),
    ]
    return Table.of(f"Speed on {first['machine']} ({first['fingerprint']})", rows, notes, KEYS)


def _setting(name: str, value: Any) -> str:
    if name == "threads":
        return f"{value} thread" + ("s" if value != 1 else "")
    if name == "compile":
        return "compiled" if value else "eager"
    if name == "cuda_graphs":
        return "CUDA graphs" if value else ""
    if name == "channels_last":
        return "channels-last" if value else "channels-first"
    return f"torch {value}" if name == "torch" else str(value)


def _row(processes: Sequence[Mapping[str, Any]], gco2_per_kwh: float | None) -> dict[str, Any]:
    """One row from the processes that timed the same."""
    one = processes[0]
    gflop = one["flop_per_step"] / one["batch_size"] / 1e9
    return {
        **{name: one[name] for name in KEYS},
        **_speed(processes),
        "gco2_per_million_examples": _gco2(processes, gco2_per_kwh),
        "first_step_seconds": median([each["first_step_seconds"] for each in processes]),
        "process_peak_mib": one["process_peak_bytes"] / MIB,
        "device_peak_mib": one["device_peak_bytes"] / MIB if _known(one["device_peak_bytes"]) else None,
        "parameters": one["parameters"],
        "gflop_per_example": gflop if gflop >= LEAST else None,
        "data": one["data"],
    }


def _speed(processes: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """The cells that rest on laps: of what followed warm-up, or the second half where laps never became steady."""
    achieved = [each["flop_per_step"] * each["steps"] / lap_seconds(each) / 1e12 for each in processes]
    peaks = [max(each["gemm_tflops"], each["conv_tflops"]) for each in processes if _known(each.get("gemm_tflops"))]
    worth = median(achieved) >= LEAST
    return {
        "examples_per_second": _over([each["examples"] / lap_seconds(each) for each in processes], processes),
        "ms_per_step": _over([1000 * lap_seconds(each) / each["steps"] for each in processes], processes),
        "mad_percent": median([100 * steady.mad(kept(each)) / lap_seconds(each) for each in processes]),
        "achieved_tflops": median(achieved) if worth else None,
        "mfu_percent": median([100 * a / b for a, b in zip(achieved, peaks, strict=True)]) if worth and peaks else None,
        "examples_per_joule": _examples_per_joule(processes),
    }


def _over(values: Sequence[float], processes: Sequence[Mapping[str, Any]]) -> Estimate:
    """What processes measured, with its interval over them; over the batches of laps of a single one."""
    if len(processes) > 1:
        return steady.over_processes(values)
    [value], [one] = values, processes
    laps = steady.over_batches(kept(one))
    return Estimate(value, value * laps.low / laps.value, value * laps.high / laps.value, 1)


def _examples_per_joule(processes: Sequence[Mapping[str, Any]]) -> Estimate | None:
    found = _rates_per_joule(processes)
    return steady.over_processes(found) if found else None


def _rates_per_joule(processes: Sequence[Mapping[str, Any]]) -> list[float]:
    counted = [each for each in processes if _known(each["joules"]) and each["joules"] > 0]
    return [each["examples"] * len(each["seconds"]) / each["joules"] for each in counted]


def _gco2(processes: Sequence[Mapping[str, Any]], gco2_per_kwh: float | None) -> Estimate | None:
    """Grams for a million examples, where joules are known."""
    found = _rates_per_joule(processes)
    if not found or not gco2_per_kwh:
        return None
    return steady.over_processes([1e6 / rate / JOULES_PER_KWH * gco2_per_kwh for rate in found])


def _uncounted(groups: Iterable[Sequence[Mapping[str, Any]]]) -> list[str]:
    """Why rows have no joules, and what to do; files of before dlbench asked do not say."""
    reasons: dict[str, list[str]] = {}
    for one, *_ in groups:
        if isinstance(reason := one.get("uncounted"), str) and reason:
            reasons.setdefault(reason, []).append(_name(one))
    return [f"No joules of {', '.join(names)}: {reason}." for reason, names in reasons.items()]


def _known(value: object) -> bool:
    return not pd.isna(value)


def _doubts(groups: Iterable[Sequence[Mapping[str, Any]]]) -> list[str]:
    """One line for each row whose laps did not settle, came too few, or scatter more than they should."""
    found = [line for processes in groups if (line := _doubt(processes))]
    return [*found, *([ONE_PROCESS] if any(len(processes) == 1 for processes in groups) else [])]


def _name(one: Mapping[str, Any]) -> str:
    return f"{one['recipe']} {one['mode']}, batch {one['batch_size']}"


def _doubt(processes: Sequence[Mapping[str, Any]]) -> str:
    one, least = processes[0], 2 * steady.WINDOW
    name = _name(one)
    fewest, unsteady = min(len(each["seconds"]) for each in processes), sum(skipped(each) is None for each in processes)
    if fewest < least:
        return f"{name}: {fewest} laps cannot tell whether they are steady, {least} are needed: raise --min-seconds"
    if unsteady:
        count = f"{unsteady} of {len(processes)} processes"
        return f"{name}: {count} never became steady, their second half counts: see what disturbs"
    if all(steady.enough(kept(each)) for each in processes):
        return ""
    found = [steady.median_interval(kept(each)) for each in processes]
    half = max((each.high - each.low) / 2 / each.value for each in found)
    return f"{name}: laps scatter, a process's median is known to ± {100 * half:.1f} % only: see what disturbs"


def _disturbances(processes: Sequence[Mapping[str, Any]]) -> list[str]:
    """What disturbed any of the processes, the worst of each kind."""
    before, during = (disturbance.merged([each[when] for each in processes]) for when in ("before", "during"))
    return [
        f"Disturbed: {line}."
        for line in disturbance.warnings(
            before, during,
            threads=max(each["threads"] for each in processes), cores=min(each["cores"] for each in processes),
            flushed=all(each["denormals_flushed"] for each in processes),
        )
    ]  # fmt: skip
