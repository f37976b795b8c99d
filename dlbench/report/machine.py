"""A machine's description and its measured speed -> tables, beside the lecture's hardware."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, get_args

from dlbench.measure import machine
from dlbench.measure.precision import Precision
from dlbench.report.notes import quoted
from dlbench.report.table import PUBLISHED, Table

PEAKS = [f"{name}_tflops" for name in (*get_args(Precision), "fp64")]
BESIDE = {"single_tflops": "fp32_tflops", "fp16_tflops": "fp16_tflops", "double_tflops": "fp64_tflops"}
"""A column of `published/hardware.csv` -> the column of the figure measured here that it stands beside."""

FINGERPRINT = (
    "The fingerprint is a digest of all other rows: machines with the same one count as the same.",
    "It decides what may be compared. Speeds under different fingerprints are never averaged, and a trial that has "
    "finished under one runs again under another. Errors do not depend on the machine, and are averaged.",
    "Speeds with different settings of a trial (device, threads, precision, compile) are not averaged either; they are "
    "in its run file.",
)
VERSIONS = "Not part of the fingerprint; each run file keeps its own."
MEASURED = (
    "Measured here: the columns not headed 'published'. TFLOP/s: the best of matrix products of several sizes, a "
    "multiplication and an addition counted as two. Bandwidth: bytes read and written by a copy or a sum. {threads} "
    "threads on the CPU."
)
AUTOMATIC = "`--precision auto` is {1} on {0}: {2}."
MOST = (
    "A published peak is what the arithmetic units could do, as their maker says; a measured one is what a matrix "
    "product reached, which is less."
)

Figures = Mapping[str, Any]


def machine_tables(devices: Mapping[str, Figures], versions: Mapping[str, str]) -> list[Table]:
    """One row for each thing that the fingerprint is made of, one column a device; then the versions.

    devices: what `machine.describe` says, by device.
    """
    parts = list(dict.fromkeys(part for described in devices.values() for part in described if part != "name"))
    rows = [
        {"part": part.replace("_", " "), **{device: described.get(part) for device, described in devices.items()}}
        for part in parts
    ]
    packages = [{"package": package, "version": version} for package, version in versions.items()]
    return [Table.of("This machine", rows, FINGERPRINT), Table.of("Versions", packages, [VERSIONS])]


def devices_table(
    measured: Sequence[Figures], published: Sequence[Figures], notes: Sequence[str], disturbed: Sequence[str] = ()
) -> Table:
    """The devices here, then the published systems; where both have a figure, measured and published side by side.

    measured: peaks, bandwidth and size, one mapping a device. published, notes: the systems, with figures named as in
    BESIDE, and notes on them. disturbed: what disturbed the measuring, a line each.
    """
    rows = [{column: row.get(column) for column in _columns()} for row in (*measured, *published)]
    automatic = [AUTOMATIC.format(row["device"], *row["automatic"]) for row in measured if "automatic" in row]
    all_notes = [MEASURED.format(threads=machine.cores()), *automatic, *disturbed, *quoted(rows), MOST, *notes]
    return Table.of("Devices here beside the lecture's hardware", rows, all_notes)


def _columns() -> list[str]:
    """The system, each peak with the published one behind it, memory, then figures that only the slides have."""
    beside = [name for peak in PEAKS for name in (peak, PUBLISHED + peak)]
    memory = ["memory_gb_per_second", "memory_gib", PUBLISHED + "gpu_memory_gb"]
    sizes = [PUBLISHED + name for name in ("servers", "cpus", "gpus", "cores", "power_watts", "price_usd")]
    return ["system", "device", *beside, *memory, "cpu_cores", *sizes]
