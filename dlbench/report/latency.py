"""Timing files -> how long somebody waits for a batch of inference, alone or among requests, and a picture by size."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

import pandas as pd

from dlbench.records import timing_files
from dlbench.records.timing_files import PERCENTS, known, lap_seconds
from dlbench.report.panels import style
from dlbench.report.table import Table
from dlbench.report.timing import KEYS, SETTINGS
from dlbench.spec import execution
from dlbench.stats import percentiles, steady
from dlbench.stats.estimates import Estimate, mean
from dlbench.stats.queues import settling_requests

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Process = Mapping[str, Any]
Group = Sequence[Process]
"""The processes that timed the same thing."""

INTERVALS = (
    "Percentiles: geometric mean over the n processes of theirs, with Student's 95 % interval; of one process, with "
    "the interval between two order statistics, which takes batches for independent. One is given where each process "
    f"has enough batches for such an interval: {', '.join(f'{percentiles.fewest(p)} for p{p}' for p in PERCENTS)}."
)
CLOSED = (
    "Closed loop: each batch is begun when the one before is done; from the call until the device has finished, by the "
    "wall clock, inputs ready. Throughput above is of laps in which a device may run ahead.",
    INTERVALS,
)
OPEN = (
    "Open loop: requests, of a batch each, come as a Poisson process, whatever has become of those before; their "
    "response is waiting and service, from when they came, so that a stall counts for all that come during it. Load: "
    "their rate times the mean service. As in the server scenario of MLPerf, but for one request at a time.",
    INTERVALS,
)
LATE: Final = 0.1  # a larger share of the waiting is worth a line
STYLES: Final = {50: "-", 90: "--", 99: ":"}


def tables(timings: pd.DataFrame) -> list[Table]:
    """For each machine a table of batches one after the other, and one of requests that came by themselves, if any.

    timings: raw, as `dlbench.records.timing_files.load` gives them.
    """
    return [
        table
        for _, part in timings.groupby("fingerprint", sort=False)
        for table in (_closed(part), _open(part))
        if table is not None
    ]


def _closed(timings: pd.DataFrame) -> Table | None:
    groups = list(_groups(timings, "batch_seconds"))
    rows = [
        _names(group, timings)
        | _percentiles(group, timing_files.latencies, "latency")
        | {"batches": _count(group, "batch_seconds")}
        for group in groups
    ]
    notes = [*_too_few(groups, "batch_seconds", "batches"), *CLOSED]
    return Table.of(f"Latency on {_machine(timings)}", rows, notes, KEYS) if rows else None


def _open(timings: pd.DataFrame) -> Table | None:
    groups = list(_groups(timings, "service_seconds"))
    rows = [_names(group, timings) | _requests(group) for group in groups]
    notes = [*_unsettled(groups), *_late(groups), *_too_few(groups, "service_seconds", "requests"), *OPEN]
    return Table.of(f"Latency under arrivals on {_machine(timings)}", rows, notes, KEYS) if rows else None


def _requests(group: Group) -> dict[str, Any]:
    is_steady = _load(group) < 1
    waiting = [1000 * second for process in group for second in known(process, "waiting_seconds")]
    return {
        "arrivals_per_second": group[0]["arrivals_per_second"],
        "load": _load(group),
        **_percentiles(group, timing_files.responses, "response"),
        "mean_waiting_ms": mean(waiting) if is_steady else None,
        "requests": _count(group, "service_seconds"),
    }


def _groups(timings: pd.DataFrame, has: str) -> Iterator[Group]:
    """The processes of each thing that was timed, those that have such a list."""
    by = ["recipe", "recipe_digest", "mode", "batch_size", "data", *SETTINGS]
    for _, part in timings.groupby(by, sort=False):
        if group := [process for process in part.to_dict("records") if known(process, has)]:
            yield group


def _names(group: Group, timings: pd.DataFrame) -> dict[str, Any]:
    """What names a row: settings only where rows differ in them."""
    shared = [name for name in SETTINGS if timings[name].nunique() == 1]
    return {name: group[0][name] for name in KEYS if name not in shared}


def _machine(timings: pd.DataFrame) -> str:
    return f"{timings['machine'].iloc[0]} ({timings['fingerprint'].iloc[0]})"


def _percentiles(
    group: Group, of_process: Callable[[Process], Mapping[str, Estimate]], what: str
) -> dict[str, Estimate | None]:
    found = [of_process(process) for process in group]
    names = [f"p{percent}_{what}_ms" for percent in PERCENTS]
    return {name: _over([one[name] for one in found]) if all(name in one for one in found) else None for name in names}


def _over(estimates: Sequence[Estimate]) -> Estimate:
    if len(estimates) > 1:
        return steady.over_processes([estimate.value for estimate in estimates])
    return replace(estimates[0], n=1)


def _count(group: Group, name: str) -> int:
    return sum(len(known(process, name)) for process in group)


def _load(group: Group) -> float:
    return mean([timing_files.load_of(process) for process in group])


def _name(process: Process) -> str:
    return f"{process['recipe']} {process['mode']}, batch {process['batch_size']}"


def _too_few(groups: Sequence[Group], name: str, what: str) -> list[str]:
    """Why rows lack a percentile."""
    lines = []
    for group in groups:
        fewest = min(len(known(process, name)) for process in group)
        lacking = [percent for percent in PERCENTS if fewest < percentiles.fewest(percent)]
        if lacking and not (name == "service_seconds" and _load(group) >= 1):
            needed = ", ".join(f"p{percent} takes {percentiles.fewest(percent)}" for percent in lacking)
            lines.append(f"{_name(group[0])}: {fewest} {what} in a process; {needed}: raise --min-seconds.")
    return lines


def _late(groups: Sequence[Group]) -> list[str]:
    """What to say of requests that waited although nothing was served."""
    lines = []
    for group in groups:
        waited = sum(sum(known(process, "waiting_seconds")) for process in group)
        late = sum(process["late_seconds"] for process in group)
        if late > LATE * waited and _load(group) < 1:
            lines.append(
                f"{_name(group[0])}: {100 * late / waited:.0f} % of all waiting was with nothing to wait for, "
                f"{1000 * late / _count(group, 'service_seconds'):.2g} ms a request: other programs kept the core."
            )
    return lines


def _unsettled(groups: Sequence[Group]) -> list[str]:
    """What to say of requests that outrun the device, or nearly so."""
    lines = []
    for group in groups:
        load, rate = _load(group), group[0]["arrivals_per_second"]
        fewest = min(len(known(process, "service_seconds")) for process in group)
        if load >= 1:
            lines.append(
                f"{_name(group[0])}: {rate:g} arrivals a second are more than this device sustains, about "
                f"{rate / load:.4g}: requests wait longer and longer, and no percentile would mean anything."
            )
        elif fewest < settling_requests(load):
            lines.append(
                f"{_name(group[0])}: at a load of {load:.2f} a queue that was empty takes about "
                f"{settling_requests(load):,.0f} requests to get to its usual length, and {fewest:,} came: the true "
                "waiting is longer; raise --min-seconds."
            )
    return lines


def figure(timings: pd.DataFrame) -> Figure:
    """Throughput and latency by batch size, a line for each recipe, mode and setting."""
    drawn = style.blank(
        "Throughput and latency by batch size", "; ".join(dict.fromkeys(timings["machine"])), width=11, height=4.6
    )
    left, right = drawn.subplots(1, 2)
    style.panel(left, "Throughput", "batch size", "examples/s")
    style.panel(right, "Latency of a batch", "batch size", "ms")
    lines = timings.groupby(["recipe", "mode", "data", "fingerprint", *SETTINGS], sort=False)
    named = {_label(part, timings): part for _, part in lines}
    for colour, part in zip(_colours(), named.values(), strict=False):
        _line(left, right, part, colour)
    sizes = sorted(timings["batch_size"].unique())
    for axes in (left, right):
        axes.set_xscale("log", base=2)
        axes.set_xticks(sizes, [f"{size:g}" for size in sizes])
    left.set_ylim(bottom=0)
    right.set_yscale("log")
    if not right.lines:
        style.nothing(right, "only inference has a latency: --mode infer")
    keys = [style.key(label, colour) for label, colour in zip(named, _colours(), strict=False)]
    percents = [percent for percent in PERCENTS if right.lines]
    style.legend(drawn, [*keys, *(style.key(f"p{p}", style.DARK, STYLES[p], 1.5) for p in percents)])  # type: ignore[arg-type]
    return drawn


def _colours() -> Iterator[str]:
    while True:
        yield from style.LINES


def _line(left: Axes, right: Axes, part: pd.DataFrame, colour: str) -> None:
    """Draw what was timed at several batch sizes: means over processes, with their intervals."""
    speeds: dict[float, Estimate] = {}
    waits: dict[int, dict[float, Estimate]] = {percent: {} for percent in PERCENTS}
    for size, rows in part.groupby("batch_size"):
        group = rows.to_dict("records")
        speeds[size] = steady.over_processes([process["examples"] / lap_seconds(process) for process in group])
        latencies = _percentiles(group, timing_files.latencies, "latency")
        for percent, latency in zip(PERCENTS, latencies.values(), strict=True):
            if latency:
                waits[percent][size] = latency
    _points(left, speeds, colour, "-")
    for percent, points in waits.items():
        if points:
            _points(right, points, colour, STYLES[percent])


def _points(axes: Axes, points: Mapping[float, Estimate], colour: str, dash: str) -> None:
    values = [point.value for point in points.values()]
    below = [point.value - point.low if point.has_interval else 0.0 for point in points.values()]
    above = [point.high - point.value if point.has_interval else 0.0 for point in points.values()]
    axes.errorbar(
        list(points), values, [below, above], color=colour, linestyle=dash, marker="o", markersize=4, capsize=3
    )


def _label(part: pd.DataFrame, timings: pd.DataFrame) -> str:
    """`lenet-digits infer`, and the settings in which lines differ."""
    first = part.iloc[0]
    telling = [name for name in (*SETTINGS, "fingerprint") if timings[name].nunique() > 1]
    words = [_setting(name, first[name]) for name in telling]
    return " ".join([first["recipe"], first["mode"], *filter(None, words)])


def _setting(name: str, value: Any) -> str:
    return f"{name} {value}" if name in ("torch", "fingerprint") else execution.words(name, value)
