"""How fast each recipe trains on each platform, beside the lecture's hardware."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import pandas as pd

from dlbench import published
from dlbench.records import grouping
from dlbench.records.groups import Group, Quoted, Runs, groups, seed_range
from dlbench.report.notes import SHORT_RUN, footnotes, quoted
from dlbench.report.table import PUBLISHED, Table, missing
from dlbench.spec import execution
from dlbench.stats.estimates import median

KEYS = ("recipe", "variant", "budget", "platform")
SETTINGS = (*(name for name in execution.SETTINGS if name != "device"), "torch")
PLATFORM = ["fingerprint", "device", *SETTINGS]
STEADY_PERCENT = 10  # all seeds of a recipe do the same work: speeds further apart than this have another cause
ABOUT = {
    "median_examples_per_second": "Speed: median over seeds of whole runs, first steps and compilation included; "
    "`dlbench time` measures the steady rate.",
    "speed_up": "Speed-up: over the slowest row of the same recipe, variant and budget; none where the seeds' speeds "
    "overlap with its.",
    "median_examples_per_joule": "Energy: median over seeds, by the machine's own counters.",
}

SOURCES = {"lecture": "the lecture's hardware slides"}
OPERATIONS = 6  # an example's multiply-add: two operations forward, and backward twice that, for inputs and weights
MEASURED = (
    "Measured here: the recipe with the most arithmetic a second on each platform, median over its seeds of whole "
    "runs. A multiplication and an addition count as two, the backward pass as twice the forward pass."
)
UNLIKE = "What training reaches is always less than a maker's peak; `dlbench devices` measures this machine's own."


@dataclass(frozen=True, eq=False)
class Timed:
    """The runs of one recipe on one platform: equal in everything that a speed depends on.

    platform: a value for each of PLATFORM. label: a short name that no other platform among the runs has.
    """

    group: Group
    variant: str
    platform: Mapping[str, Any]
    label: str

    @property
    def work(self) -> tuple[str, ...]:
        """What was computed: only speeds at the same work are compared."""
        return self.group.identity.work

    @property
    def speeds(self) -> list[float]:
        """Examples a second of every seed."""
        return self.group.values("examples_per_second")

    @property
    def spread_percent(self) -> float | None:
        """Fastest less slowest seed, over the median; None for a single seed."""
        return 100 * (max(self.speeds) - min(self.speeds)) / median(self.speeds) if len(self.speeds) > 1 else None

    @property
    def examples_per_joule(self) -> float | None:
        """Median over the seeds whose energy was counted; None where none was."""
        speeds, seconds = self.group.by_seed("examples_per_second"), self.group.by_seed("training_seconds")
        joules = self.group.by_seed("joules")
        counted = [speeds[seed] * seconds[seed] / joules[seed] for seed in joules if joules[seed] > 0]
        return median(counted) if counted else None


def tables(runs: Runs) -> list[Table]:
    """Recipes by platforms, the platforms, and what training reached there over the lecture's hardware."""
    frame = runs.frame.reset_index(drop=True)
    rows = list(timed(worth_timing(frame)))
    return [_speeds(frame, rows), *_platforms(rows), _lecture(rows)]


def _speeds(runs: pd.DataFrame, rows: Sequence[Timed]) -> Table:
    """Examples per second, speed-up over the slowest, examples per joule.

    Different machines, devices, threads, precisions and versions of torch are rows of their own, never averaged.
    Smoke runs are too short to time, and seeds that learn as one batched model share a time: both are left out.
    """
    cells = [_row(row, _slowest(row, rows)) for row in rows]
    about = [note for column, note in ABOUT.items() if any(row[column] is not None for row in cells)]
    notes = [*about, *_doubts(rows), *_provenance(runs, rows), *_not_timed(runs)]
    return Table.of("Training speed by platform", cells, notes, KEYS)


def timed(runs: pd.DataFrame) -> Iterator[Timed]:
    """The finished runs by work, smallest budget first, slowest platform first."""
    if runs.empty:
        return
    # told apart over all platforms, so that a variant has the same name on each
    anywhere = groups(runs.assign(device="", torch="", **grouping.USUAL))
    variants = {group.identity.work: group.variant for group in anywhere}
    platforms, members = [], []
    runs = runs.assign(**{name: usual for name, usual in execution.USUAL.items() if name not in runs})
    for key, platform_runs in runs.groupby(PLATFORM, sort=False):
        if timed_groups := [group for group in groups(platform_runs) if group.values("examples_per_second")]:
            platforms.append(dict(zip(PLATFORM, key, strict=True)))
            members.append(timed_groups)
    timings = [
        Timed(group, variants.get(group.identity.work, group.variant), platform, label)
        for platform, label, timed_groups in zip(platforms, _labels(platforms), members, strict=True)
        for group in timed_groups
    ]
    order = {work: rank for rank, work in enumerate(variants)}
    yield from sorted(timings, key=lambda timing: (order.get(timing.work, len(order)), median(timing.speeds)))


def _labels(platforms: Sequence[Mapping[str, Any]]) -> list[str]:
    """For each platform its device, and what distinguishes it from others with that device."""
    labels = []
    for platform in platforms:
        same = [other for other in platforms if other["device"] == platform["device"]]
        telling = [name for name in (*SETTINGS, "fingerprint") if len({other[name] for other in same}) > 1]
        labels.append(", ".join([platform["device"], *(_said(name, platform[name]) for name in telling)]))
    return labels


def _said(name: str, value: Any) -> str:
    if isinstance(value, bool):
        return f"{name.replace('_', ' ')} {'on' if value else 'off'}"
    return f"{name} {value}"


def _slowest(timing: Timed, timings: Sequence[Timed]) -> Timed | None:
    """The slowest platform at the same work; None where there is no other."""
    same = [other for other in timings if other.work == timing.work]
    return min(same, key=lambda other: median(other.speeds)) if len(same) > 1 else None


def _row(timing: Timed, slowest: Timed | None) -> dict[str, Any]:
    return {
        "recipe": timing.group.recipe,
        "variant": timing.variant,
        "budget": timing.group.budget,
        "platform": timing.label,
        "seeds": seed_range(timing.group.seeds),
        "median_examples_per_second": median(timing.speeds),
        "seed_spread_percent": timing.spread_percent,
        "speed_up": _speed_up(timing, slowest),
        "median_examples_per_joule": timing.examples_per_joule,
    }


def _speed_up(timing: Timed, slowest: Timed | None) -> float | None:
    if slowest is None or (timing is not slowest and min(timing.speeds) <= max(slowest.speeds)):
        return None
    return median(timing.speeds) / median(slowest.speeds)


def _platforms(timings: Sequence[Timed]) -> list[Table]:
    """What each label stands for."""
    rows = {
        timing.label: {"platform": timing.label, "machine": timing.group.runs["machine"].iloc[0], **timing.platform}
        for timing in timings
    }
    notes = ["Speeds on different platforms are compared, never averaged."]
    return [Table.of("Platforms", list(rows.values()), notes)] if rows else []


def _doubts(timings: Sequence[Timed]) -> list[str]:
    """Reasons to doubt a speed, and what to do about them."""
    notes = []
    unsteady = [timing for timing in timings if (timing.spread_percent or 0) > STEADY_PERCENT]
    if unsteady:
        named = ", ".join(f"{timing.group.recipe} ({timing.group.budget}, {timing.label})" for timing in unsteady)
        notes.append(
            f"Not steady, seeds more than {STEADY_PERCENT} % apart: {named}. The machine was probably not idle; "
            "`dlbench run --fresh` times them again."
        )
    if any(len(timing.speeds) == 1 for timing in timings):
        notes.append("A row with one seed does not show how much its speed varies; `--seeds 0-2` gives it three.")
    return notes


def _provenance(runs: pd.DataFrame, timings: Sequence[Timed]) -> list[str]:
    """Where the rows come from, without the caution about published figures: no figure here is compared with one."""
    return [note for note in footnotes(runs, [timing.group for timing in timings], []) if note != SHORT_RUN]


def worth_timing(runs: pd.DataFrame) -> pd.DataFrame:
    """The runs whose speed means something: no smoke runs, and no seeds that share a clock."""
    return runs[~_batched(runs) & (runs["budget"] != "smoke")] if len(runs) else runs


def _batched(runs: pd.DataFrame) -> pd.Series[bool]:
    return runs["recipe_json"].map(lambda recipe: recipe.get("together") == "model").astype(bool)


def _not_timed(runs: pd.DataFrame) -> list[str]:
    """One line for each reason that keeps runs which finished out of the table."""
    finished = runs[runs["status"] == "finished"]
    if finished.empty:
        return []
    batched = _batched(finished)
    reasons = {
        "too short to time (smoke)": (finished["budget"] == "smoke") & ~batched,
        "seeds learn together as one batched model and share a time": batched,
    }
    return [f"Not counted, {why}: {excluded.sum()}." for why, excluded in reasons.items() if excluded.any()]


def _lecture(rows: Sequence[Timed]) -> Table:
    """One row a platform with its sustained training TFLOP/s, then the lecture's systems, every figure quoted."""
    cells = [*map(_reached, best(rows)), *systems()]
    notes = [MEASURED, *quoted(cells), UNLIKE, *remarks()]
    return Table.of("The lecture's hardware and training here", cells, notes)


def best(timings: Sequence[Timed]) -> list[Timed]:
    """Of every platform the recipe with the most arithmetic a second, fastest platform first."""
    most: dict[str, Timed] = {}
    for timing in timings:
        if training_tflops(timing) > (training_tflops(most[timing.label]) if timing.label in most else 0.0):
            most[timing.label] = timing
    return sorted(most.values(), key=training_tflops, reverse=True)


def training_tflops(timing: Timed) -> float:
    """10^12 operations a second, sustained over whole runs; 0 where a model's operations are not known."""
    return OPERATIONS * (timing.group.constant("multiply_adds") or 0) * median(timing.speeds) / 1e12


def systems(names: Mapping[str, str] = MappingProxyType({})) -> list[dict[str, Any]]:
    """The lecture's systems, every figure quoted, in columns named as in `published/hardware.csv` or by `names`."""
    return [
        {
            "system": row["system"],
            **{
                PUBLISHED + names.get(column, column): Quoted(_whole(value), SOURCES.get(row["source"], row["source"]))
                for column, value in row.items()
                if column not in ("system", "note", "source") and not missing(value)
            },
        }
        for row in published.table("hardware").to_dict("records")
    ]


def remarks() -> list[str]:
    """The notes on the lecture's rows, and a comparison of its lab with GPUs and its data centre."""
    table = published.table("hardware").set_index("system")
    lab, centre = table.loc["Stanford AI lab"], table.loc["Google datacenter"]
    power, price = (centre[what] / lab[what] for what in ("power_watts", "price_usd"))
    return [
        *(f"{system}: {note}." for system, note in table["note"].items() if not missing(note)),
        f"By these figures the Stanford AI lab takes {power:.0f} times less power than the Google datacenter and "
        f"costs {price:.0f} times less.",
    ]


def _reached(timing: Timed) -> dict[str, Any]:
    return {
        "system": str(timing.group.runs["machine"].iloc[0]),
        "platform": timing.label,
        "recipe": timing.group.recipe,
        "training_tflops": training_tflops(timing),
    }


def _whole(value: float) -> float:
    return int(value) if value == int(value) else value
