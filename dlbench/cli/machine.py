"""The verbs `machine` and `devices`: what machine this is, and what it can do beside the lecture's hardware."""

from __future__ import annotations

import json
import sys
from typing import Any, get_args

from rich.console import Console

from dlbench.cli.options import Json
from dlbench.measure import disturbance, precision
from dlbench.measure import machine as this_machine

PRECISIONS = get_args(precision.Precision)


def machine(as_json: Json = False) -> None:
    """Show this machine and the fingerprint that decides whether two results may be compared."""
    from dlbench.report import formats
    from dlbench.report.machine import machine_tables

    described = {device["device"]: this_machine.describe(device["device"]) for device in this_machine.devices()}
    if as_json:
        print(json.dumps({"devices": described, "versions": this_machine.versions()}, indent=1, ensure_ascii=False))
    else:
        formats.show("tables", machine_tables(described, this_machine.versions()))


def devices(as_json: Json = False) -> None:
    """Measure each device's peak speed and memory bandwidth, beside the lecture's hardware."""
    from dlbench.report import formats
    from dlbench.report.machine import BESIDE, devices_table
    from dlbench.studies.hardware import remarks, systems

    measured, disturbed = [], []
    with Console(stderr=True).status("measuring ...") as status:
        for device in this_machine.devices():
            status.update(f"measuring {device['name']} ({device['device']}) ...")
            watch = disturbance.Watch(device["device"])
            measured.append(probe(device["device"]))
            during = watch.read()
            warnings = disturbance.warnings(during, during, threads=this_machine.cores(), cores=this_machine.cores())
            disturbed += [f"Disturbed, {device['device']}: {warning}." for warning in warnings]
    table = devices_table(measured, systems(BESIDE), remarks(), disturbed)
    formats.show("tables", [table], "json" if as_json else "terminal")


def probe(device: str, seconds: float = 0.5) -> dict[str, Any]:
    """What this device is, its peak TFLOP/s by precision, and its memory bandwidth; None for what it cannot do.

    seconds: about how long each figure takes. Sets torch's threads to all cores.
    """
    import torch

    from dlbench.measure import peak

    torch.set_num_threads(this_machine.cores())
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
    return figures | {"memory_gib": _memory_gib(device), "cpu_cores": this_machine.cores() if device == "cpu" else None}


def precisions(device: str) -> list[str]:
    """The precisions to measure on this device; tf32 only where the device has it and would not use fp32 instead."""
    import torch

    tf32 = device.startswith("cuda") and torch.cuda.get_device_capability(torch.device(device)) >= precision.AMPERE
    return [name for name in PRECISIONS if name != "tf32" or tf32]


def _name(device: str) -> str:
    return next(entry["name"] for entry in this_machine.devices() if entry["device"] == device)


def _memory_gib(device: str) -> int | None:
    """Memory of the device itself; None where torch does not say."""
    import torch

    if device == "cpu":
        return int(this_machine.describe(device)["memory_gib"])
    if device.startswith("cuda"):
        return round(torch.cuda.get_device_properties(torch.device(device)).total_memory / 2**30)
    return None


def _first_line(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0]
