"""Timing files -> how fast recipes train and infer, with an interval over processes and notes on what disturbed it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import pandas as pd

from dlbench.measure import disturbance
from dlbench.records.timing_files import lap_seconds, steady_laps, warm_up_laps
from dlbench.report.table import Table
from dlbench.spec import execution
from dlbench.stats import steady
from dlbench.stats.estimates import Estimate, median

SETTINGS = (*(name for name in execution.SETTINGS if name != "jobs"), "torch")
KEYS = ("recipe", "mode", "batch_size", *SETTINGS)
SPREAD = ("processes", "batch")  # settings that say how a step is shared among processes
LEAST = 5e-5  # below it, four decimals show nothing
MIB = 2**20
JOULES_PER_KWH = 3.6e6

HOW = (
    "examples/s and ms per step: geometric mean of the processes' median laps, with Student's 95 % interval of its "
    "logarithm over the n processes. MAD: median absolute deviation of a process's laps, median over processes.",
    "Warm-up, left out of each process: laps before the first six whose median is within 2 % of the median of the "
    "second half of all laps, or between its quartiles. Never steady: warm-up takes more than half of the laps, or the "
    "two halves of the laps after it differ (by 2 %, and by a rank test). The first step, compilation included, has a "
    "column of its own.",
    "Memory: the peak, in a process of its own. TFLOP/s: matrix products and convolutions, by torch's counter. MFU: "
    "share of the faster of a matrix-product and a convolution probe, by the same process in the same precision.",
)
SCALING = (
    "Scaling efficiency: the speed over that of the row with the fewest processes, divided by how many times as many "
    "processes there are. Memory is that of the first process; TFLOP/s and MFU are of all."
)
SYNTHETIC = "Data 'synthetic': random images, not augmented, because the recipe's own data are not on disk."
ONE_PROCESS = (
    "One process: the interval is over batches of its laps, corrected for their correlation, and misses what changes "
    "from process to process: time with --repeats 5 or more before comparing."
)
NOT_COMPARABLE = "These tables are not comparable: their machines have different fingerprints."


def timing(timings: pd.DataFrame, gco2_per_kwh: float | None = None) -> list[Table]:
    """A table for each machine; a row for each recipe, mode, batch size, setting and kind of data.

    timings: raw, as `dlbench.records.timing_files.load` gives them. gco2_per_kwh: adds a column with grams of CO2.
    """
    by_machine = [part for _, part in timings.groupby("fingerprint", sort=False)]
    return [_table(part, gco2_per_kwh, several=len(by_machine) > 1) for part in by_machine]


def _table(timings: pd.DataFrame, gco2_per_kwh: float | None, *, several: bool) -> Table:
    shared = [name for name in SETTINGS if timings[name].nunique() == 1]
    by = ["recipe", "recipe_digest", "mode", "batch_size", "data", *SETTINGS]
    groups = [part.to_dict("records") for _, part in timings.groupby(by, sort=False)]
    efficiencies = _scaling(groups)
    rows = [
        {**_row(group, efficiency, gco2_per_kwh), **dict.fromkeys(shared)}
        for group, efficiency in zip(groups, efficiencies, strict=True)
    ]
    first = timings.iloc[0]
    notes = [
        f"All rows: {', '.join(filter(None, (_setting(name, first[name]) for name in shared)))}.",
        *_doubts(groups),
        *_disturbances(timings.to_dict("records")),
        *_uncounted(groups),
        *HOW,
        *([SCALING] if any(efficiencies) else []),
        *([SYNTHETIC] if (timings["data"] == "synthetic").any() else []),
        *([NOT_COMPARABLE] if several else []),
    ]
    return Table.of(f"Speed on {first['machine']} ({first['fingerprint']})", rows, notes, KEYS)


def _setting(name: str, value: Any) -> str:
    return f"torch {value}" if name == "torch" else execution.words(name, value)


def _scaling(groups: Sequence[Sequence[Mapping[str, Any]]]) -> list[float | None]:
    """For each row its scaling efficiency in per cent; None where no row has fewer processes for the same."""
    settings = [name for name in SETTINGS if name not in SPREAD]

    def alike(row: Mapping[str, Any]) -> tuple[Any, ...]:
        return tuple(row[name] for name in ("recipe", "recipe_digest", "mode", "data", *settings))

    fewest: dict[tuple[Any, ...], Sequence[Mapping[str, Any]]] = {}
    for group in sorted(groups, key=lambda group: group[0]["processes"]):
        fewest.setdefault(alike(group[0]), group)
    return [_efficiency(group, fewest[alike(group[0])]) for group in groups]


def _efficiency(group: Sequence[Mapping[str, Any]], fewest: Sequence[Mapping[str, Any]]) -> float | None:
    times = group[0]["processes"] / fewest[0]["processes"]
    return 100 * _rate(group).value / _rate(fewest).value / times if times > 1 else None


def _row(
    processes: Sequence[Mapping[str, Any]], efficiency: float | None, gco2_per_kwh: float | None
) -> dict[str, Any]:
    """One row from the processes that timed the same thing."""
    first = processes[0]
    gflop = first["flop_per_step"] / first["batch_size"] / 1e9
    return {
        **{name: first[name] for name in KEYS},
        **_speed(processes),
        "scaling_efficiency_percent": efficiency,
        "gco2_per_million_examples": _gco2(processes, gco2_per_kwh),
        "first_step_seconds": median([process["first_step_seconds"] for process in processes]),
        "process_peak_mib": first["process_peak_bytes"] / MIB,
        "device_peak_mib": first["device_peak_bytes"] / MIB if _is_known(first["device_peak_bytes"]) else None,
        "parameters": first["parameters"],
        "gflop_per_example": gflop if gflop >= LEAST else None,
        "data": first["data"],
    }


def _speed(processes: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """The cells made from laps: those after warm-up, or the second half where laps never became steady."""
    achieved = [process["flop_per_step"] * process["steps"] / lap_seconds(process) / 1e12 for process in processes]
    peaks = [
        process["processes"] * max(process["gemm_tflops"], process["conv_tflops"])
        for process in processes
        if _is_known(process.get("gemm_tflops"))
    ]
    worth = median(achieved) >= LEAST
    return {
        "examples_per_second": _rate(processes),
        "ms_per_step": _over([1000 * lap_seconds(process) / process["steps"] for process in processes], processes),
        "mad_percent": median([100 * steady.mad(steady_laps(process)) / lap_seconds(process) for process in processes]),
        "achieved_tflops": median(achieved) if worth else None,
        "mfu_percent": median([100 * a / b for a, b in zip(achieved, peaks, strict=True)]) if worth and peaks else None,
        "examples_per_joule": _examples_per_joule(processes),
    }


def _rate(processes: Sequence[Mapping[str, Any]]) -> Estimate:
    """Examples per second."""
    return _over([process["examples"] / lap_seconds(process) for process in processes], processes)


def _over(values: Sequence[float], processes: Sequence[Mapping[str, Any]]) -> Estimate:
    """The mean over processes, with its interval; of a single process, with the interval over its batches of laps."""
    if len(processes) > 1:
        return steady.over_processes(values)
    [value], [process] = values, processes
    laps = steady.over_batches(steady_laps(process))
    return Estimate(value, value * laps.low / laps.value, value * laps.high / laps.value, 1)


def _examples_per_joule(processes: Sequence[Mapping[str, Any]]) -> Estimate | None:
    rates = _rates_per_joule(processes)
    return steady.over_processes(rates) if rates else None


def _rates_per_joule(processes: Sequence[Mapping[str, Any]]) -> list[float]:
    counted = [process for process in processes if _is_known(process["joules"]) and process["joules"] > 0]
    return [process["examples"] * len(process["seconds"]) / process["joules"] for process in counted]


def _gco2(processes: Sequence[Mapping[str, Any]], gco2_per_kwh: float | None) -> Estimate | None:
    """Grams for a million examples, where joules are known."""
    rates = _rates_per_joule(processes)
    if not rates or not gco2_per_kwh:
        return None
    return steady.over_processes([1e6 / rate / JOULES_PER_KWH * gco2_per_kwh for rate in rates])


def _uncounted(groups: Iterable[Sequence[Mapping[str, Any]]]) -> list[str]:
    """Why rows have no joules, and what to do; older files do not say."""
    reasons: dict[str, list[str]] = {}
    for first, *_ in groups:
        if isinstance(reason := first.get("uncounted"), str) and reason:
            reasons.setdefault(reason, []).append(_name(first))
    return [f"No joules of {', '.join(names)}: {reason}." for reason, names in reasons.items()]


def _is_known(value: object) -> bool:
    return not pd.isna(value)


def _doubts(groups: Iterable[Sequence[Mapping[str, Any]]]) -> list[str]:
    """One line for each row whose laps did not become steady, are too few, or scatter too much."""
    lines = [line for processes in groups if (line := _doubt(processes))]
    return [*lines, *([ONE_PROCESS] if any(len(processes) == 1 for processes in groups) else [])]


def _name(process: Mapping[str, Any]) -> str:
    processes = execution.words("processes", process["processes"])
    return ", ".join(
        filter(None, (f"{process['recipe']} {process['mode']}", f"batch {process['batch_size']}", processes))
    )


def _doubt(processes: Sequence[Mapping[str, Any]]) -> str:
    first, least = processes[0], 2 * steady.WINDOW
    name = _name(first)
    fewest = min(len(process["seconds"]) for process in processes)
    unsteady = sum(warm_up_laps(process) is None for process in processes)
    if fewest < least:
        return f"{name}: {fewest} laps cannot tell whether they are steady, {least} are needed: raise --min-seconds"
    if unsteady:
        count = f"{unsteady} of {len(processes)} processes"
        return f"{name}: {count} never became steady, their second half counts: see what disturbs"
    if all(steady.enough(steady_laps(process)) for process in processes):
        return ""
    intervals = [steady.median_interval(steady_laps(process)) for process in processes]
    half = max((interval.high - interval.low) / 2 / interval.value for interval in intervals)
    return f"{name}: laps scatter, a process's median is known to ± {100 * half:.1f} % only: see what disturbs"


def _disturbances(processes: Sequence[Mapping[str, Any]]) -> list[str]:
    """What disturbed any of the processes, the worst of each kind."""
    before, during = (disturbance.merged([process[when] for process in processes]) for when in ("before", "during"))
    return [
        f"Disturbed: {line}."
        for line in disturbance.warnings(
            before, during,
            threads=max(process["threads"] for process in processes),
            cores=min(process["cores"] for process in processes),
            flushed=all(process["denormals_flushed"] for process in processes),
        )
    ]  # fmt: skip
