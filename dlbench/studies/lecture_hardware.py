"""The lecture's hardware as published, under what training reached on the platforms here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any

import pandas as pd

from dlbench import published
from dlbench.records.groups import Quoted
from dlbench.report.notes import quoted
from dlbench.report.table import PUBLISHED, Table, missing
from dlbench.stats.estimates import median
from dlbench.studies.hardware import Timed, timed, worth_timing

SOURCES = {"lecture": "the lecture's hardware slides"}
OPERATIONS = 6  # an example's multiply-add: two operations forward, and backward twice that, for inputs and weights
MEASURED = (
    "Measured here: the recipe that got most arithmetic done on each platform, median over its seeds of whole runs. A "
    "multiplication and an addition count as two, the backward pass as twice the forward pass."
)
UNLIKE = "What training reaches is always less than a maker's peak; `dlbench devices` measures this machine's own."


def lecture_hardware(runs: pd.DataFrame) -> list[Table]:
    """One row a platform with its sustained training TFLOP/s, then the lecture's systems, every figure quoted."""
    found = list(timed(worth_timing(runs.reset_index(drop=True))))
    rows = [_row(each) for each in best(found)] + systems()
    notes = [MEASURED, *quoted(rows), UNLIKE, *remarks()]
    return [Table.of("The lecture's hardware and training here", rows, notes)]


def best(found: Sequence[Timed]) -> list[Timed]:
    """Of every platform the recipe with the most arithmetic a second, fastest platform first."""
    most: dict[str, Timed] = {}
    for each in found:
        if training_tflops(each) > (training_tflops(most[each.label]) if each.label in most else 0.0):
            most[each.label] = each
    return sorted(most.values(), key=training_tflops, reverse=True)


def training_tflops(one: Timed) -> float:
    """10^12 operations a second, sustained over whole runs; 0 where a model's operations are not known."""
    return OPERATIONS * (one.group.constant("multiply_adds") or 0) * median(one.speeds) / 1e12


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
    """What the lecture's rows leave unsaid, and how much less than a data centre its lab with GPUs takes."""
    table = published.table("hardware").set_index("system")
    lab, centre = table.loc["Stanford AI lab"], table.loc["Google datacenter"]
    power, price = (centre[what] / lab[what] for what in ("power_watts", "price_usd"))
    return [
        *(f"{system}: {note}." for system, note in table["note"].items() if not missing(note)),
        f"By these figures the Stanford AI lab takes {power:.0f} times less power than the Google datacenter and "
        f"costs {price:.0f} times less.",
    ]


def _row(one: Timed) -> dict[str, Any]:
    return {
        "system": str(one.group.runs["machine"].iloc[0]),
        "platform": one.label,
        "recipe": one.group.recipe,
        "training_tflops": training_tflops(one),
    }


def _whole(value: float) -> float:
    return int(value) if value == int(value) else value
