"""What `time` gives besides the timing itself: arrivals, a profile, its tables, a figure."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dlbench import streams
from dlbench.cli import export
from dlbench.errors import InputError
from dlbench.records.events import Batch, Profile

if TYPE_CHECKING:
    import pandas as pd

    from dlbench.report.table import Table

PICTURES = (".png", ".svg", ".pdf")
TRACES = (".json", ".json.gz")


@dataclass(frozen=True)
class Profiled:
    """A profile, and what was profiled."""

    name: str
    profile: Profile


def check(
    modes: Collection[str], arrivals_per_second: float | None, figure: Path | None, trace: Path | None, *, turns: bool
) -> None:
    """Raise InputError, before anything is timed, for options that do not go together and files that cannot be."""
    if turns and (arrivals_per_second or figure or trace):
        raise InputError("--turns: leave out --arrivals-per-second, --figure and --profile")
    if arrivals_per_second is not None and not 0 < arrivals_per_second < float("inf"):
        raise InputError(f"--arrivals-per-second {arrivals_per_second:g}: a number above 0 is wanted")
    if arrivals_per_second is not None and "infer" not in modes:
        raise InputError("--arrivals-per-second: requests are of inference; add --mode infer")
    if figure is not None and figure.suffix not in PICTURES:
        raise InputError(f"--figure {figure}: the name should end in {', '.join(PICTURES)}")
    if trace is not None and not trace.name.endswith(TRACES):
        raise InputError(f"--profile {trace}: the name should end in {' or '.join(TRACES)}")
    export.check({"--figure": figure, "--profile": trace})


def check_profiled(trace: Path | None, cases: int) -> None:
    """Raise InputError for several things to profile: a trace is of one."""
    if trace is not None and cases != 1:
        raise InputError("--profile: one recipe, mode and batch size at a time")


def arrivals(mode: str, per_second: float | None, seed: int) -> dict[str, float]:
    """What a worker is told of requests: of each process others, and the same in each call."""
    return {"arrivals_per_second": per_second, "arrivals_seed": seed} if per_second and mode == "infer" else {}


def tell_chosen(name: str, chosen: Batch) -> None:
    """Say what batch sizes `auto` has found, if it looked for the largest one."""
    if chosen.largest is not None:
        streams.say(
            f"{name}: auto: the best batch size is {chosen.batch_size:,}; "
            f"the largest that fits is {chosen.largest:,} ({chosen.why_largest})"
        )


def tables(timings: pd.DataFrame, gco2_per_kwh: float | None, profiled: Profiled | None) -> list[Table]:
    """Speed, latency, memory by kind, and the costliest operations, as far as there are any."""
    from dlbench.report import latency, memory, roofline
    from dlbench.report.timing import timing

    profiles = [roofline.table(profiled.profile, profiled.name)] if profiled else []
    return [*timing(timings, gco2_per_kwh), *latency.tables(timings), *memory.tables(timings), *profiles]


def draw(path: Path, timings: pd.DataFrame, profiled: Profiled | None) -> None:
    """Draw the roofline of what was profiled, or else speed and latency by batch size; the ending is the format."""
    from dlbench.report import latency, roofline

    machine: Any = timings["machine"].iloc[0]
    drawn = roofline.figure(profiled.profile, profiled.name, machine) if profiled else latency.figure(timings)
    try:
        drawn.savefig(path)
    except OSError as error:
        raise InputError(f"--figure {path}: cannot be written ({error.strerror})") from None
