"""The verbs `machine` and `devices`: what machine this is, and what it can do beside the lecture's hardware."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from typing import Any, get_args

from rich.console import Console

from dlbench.measure import machine, precision
from dlbench.measure.disturbance import Watch, warnings
from dlbench.report.notes import quoted
from dlbench.report.table import PUBLISHED, Table
from dlbench.studies.hardware import remarks, systems
from dlbench.verbs import reporting

PRECISIONS = get_args(precision.Precision)
BESIDE = {"fp32_tflops": "single_tflops", "fp16_tflops": "fp16_tflops", "fp64_tflops": "double_tflops"}
PEAK_COLUMNS = [f"{name}_tflops" for name in (*PRECISIONS, "fp64")]

FINGERPRINT = (
    "The fingerprint is a digest of all other rows: a machine with the same one is taken for the same.",
    "It decides what may be compared. Speeds of unlike fingerprints are never averaged; a trial that finished under "
    "one runs anew under another. Errors, which do not depend on the machine, are averaged all the same.",
    "A trial's own settings (device, threads, precision, compile) tell speeds apart as well, and are in its run file.",
)
VERSIONS = "Not part of the fingerprint; each run file keeps those it was made with."
MEASURED = (
    "Measured here: the columns not headed 'published'. TFLOP/s: the best of matrix products of several sizes, a "
    "multiplication and an addition counted as two. Bandwidth: bytes read and written by a copy or a sum. {threads} "
    "threads on the CPU."
)
AUTOMATIC = "`--precision auto` is {1} on {0}: {2}."
PEAKS = (
    "A published peak is what a maker says the arithmetic units could do; a measured one is what a matrix product "
    "reached, which is less."
)

Figures = Mapping[str, Any]


def show_machine(as_json: bool) -> None:
    """Print the fingerprint of each device here, what it is made of and what it decides, and the versions in use."""
    found = {each["device"]: machine.describe(each["device"]) for each in machine.devices()}
    if as_json:
        print(json.dumps({"devices": found, "versions": machine.versions()}, indent=1, ensure_ascii=False))
    else:
        print(reporting.text(machine_tables(found, machine.versions()), "terminal"), end="")


def show_devices(as_json: bool) -> None:
    """Measure every device here and print it beside the lecture's hardware; some seconds a device."""
    measured, disturbed = [], []
    with Console(stderr=True).status("measuring ...") as status:
        for each in machine.devices():
            status.update(f"measuring {each['name']} ({each['device']}) ...")
            watch = Watch(each["device"])
            measured.append(probe(each["device"]))
            during = watch.read()
            found = warnings(during, during, threads=machine.cores(), cores=machine.cores())
            disturbed += [f"Disturbed, {each['device']}: {warning}." for warning in found]
    table = devices_table(measured, disturbed)
    print(reporting.text([table], "json" if as_json else "terminal"), end="")


def machine_tables(found: Mapping[str, Figures], versions: Mapping[str, str]) -> list[Table]:
    """One row for each thing that the fingerprint is made of, one column a device; then the versions.

    found: what `machine.describe` says, by device.
    """
    parts = list(dict.fromkeys(part for described in found.values() for part in described if part != "name"))
    rows = [
        {"part": part.replace("_", " "), **{device: described.get(part) for device, described in found.items()}}
        for part in parts
    ]
    packages = [{"package": package, "version": version} for package, version in versions.items()]
    return [Table.of("This machine", rows, FINGERPRINT), Table.of("Versions", packages, [VERSIONS])]


def probe(device: str, seconds: float = 0.5) -> dict[str, Any]:
    """What this device is and reaches: peak TFLOP/s by precision, memory bandwidth; None for what it cannot do.

    seconds: about how long each figure takes. Sets torch's threads to all cores.
    """
    import torch

    from dlbench.measure import peak

    torch.set_num_threads(machine.cores())
    figures: dict[str, Any] = {"system": _name(device), "device": device, "automatic": precision.best(device)}
    for name in precisions(device):
        try:
            figures[f"{name}_tflops"] = peak.tflops(device, name, seconds=seconds)
        except (RuntimeError, TypeError) as error:  # a device without this precision, each in its own words
            print(f"dlbench: {device}: no figure for {name}: {_first_line(error)}", file=sys.stderr)
    try:
        figures["memory_gb_per_second"] = peak.bandwidth_gb_per_second(device, seconds=seconds)
    except RuntimeError as error:
        print(f"dlbench: {device}: no figure for memory: {_first_line(error)}", file=sys.stderr)
    return figures | {"memory_gib": _memory_gib(device), "cpu_cores": machine.cores() if device == "cpu" else None}


def precisions(device: str) -> list[str]:
    """The precisions worth asking this device for: TensorFloat-32 only where fp32 would not be passed off as it."""
    import torch

    tf32 = device.startswith("cuda") and torch.cuda.get_device_capability(torch.device(device)) >= precision.AMPERE
    return [name for name in PRECISIONS if name != "tf32" or tf32]


def devices_table(measured: Sequence[Figures], disturbed: Sequence[str] = ()) -> Table:
    """The devices here, then the lecture's systems; where both have a figure, measured and published side by side.

    measured: what `probe` found, one mapping a device. disturbed: what went on meanwhile, a line each.
    """
    quotes = systems({theirs: ours for ours, theirs in BESIDE.items()})
    rows = [{column: row.get(column) for column in _columns()} for row in (*measured, *quotes)]
    automatic = [AUTOMATIC.format(row["device"], *row["automatic"]) for row in measured if "automatic" in row]
    notes = [MEASURED.format(threads=machine.cores()), *automatic, *disturbed, *quoted(rows), PEAKS, *remarks()]
    return Table.of("Devices here beside the lecture's hardware", rows, notes)


def _columns() -> list[str]:
    """What a system is, each peak with the published one behind it, memory, then what only the slides tell."""
    beside = [name for peak in PEAK_COLUMNS for name in (peak, PUBLISHED + peak)]
    memory = ["memory_gb_per_second", "memory_gib", PUBLISHED + "gpu_memory_gb"]
    sizes = [PUBLISHED + name for name in ("servers", "cpus", "gpus", "cores", "power_watts", "price_usd")]
    return ["system", "device", *beside, *memory, "cpu_cores", *sizes]


def _name(device: str) -> str:
    return next(each["name"] for each in machine.devices() if each["device"] == device)


def _memory_gib(device: str) -> int | None:
    """Memory of the device itself; None where torch does not say."""
    import torch

    if device == "cpu":
        return int(machine.describe(device)["memory_gib"])
    if device.startswith("cuda"):
        return round(torch.cuda.get_device_properties(torch.device(device)).total_memory / 2**30)
    return None


def _first_line(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0]
