"""Joules, where the platform counts them: RAPL for processors, NVML for NVIDIA GPUs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from dlbench.measure import nvml

POWERCAP = Path("/sys/class/powercap")


class Meter:
    """Reads a counter of energy; knows nothing where there is none, or none that this user may read.

    For the CPU: all processor packages, everything that runs on them included. For a GPU: the whole card.
    """

    def __init__(self, device: str, powercap: Path = POWERCAP) -> None:
        self._device = device
        self._packages = [] if device.startswith("cuda") else _packages(powercap)
        self._ranges = [_number(package / "max_energy_range_uj") for package in self._packages]
        self._last = self._read()

    def joules(self) -> float | None:
        """Joules since the last call, or since the meter was made; None where nobody counts."""
        before, now = self._last, self._read()
        self._last = now
        if not now or None in now or None in before:
            return None
        return sum(_gained(b, n, r) for b, n, r in zip(before, now, self._ranges or [None], strict=True)) / 1e6

    def _read(self) -> list[int | None]:
        """Microjoules of each counter."""
        if self._device.startswith("cuda"):
            return [nvml.ask(self._device, _microjoules)]
        return [_number(package / "energy_uj") for package in self._packages]


def _packages(powercap: Path) -> list[Path]:
    """The counters of whole packages; their parts, such as `intel-rapl:0:1`, would be counted twice."""
    return sorted(path for path in powercap.glob("*-rapl:*") if path.name.count(":") == 1 and _is_package(path))


def _is_package(path: Path) -> bool:
    """`psys`, where there is one, holds the packages and more, and the mmio interface counts them again."""
    try:
        return "mmio" not in path.name and (path / "name").read_text().startswith("package")
    except OSError:
        return False


def _number(file: Path) -> int | None:
    try:
        return int(file.read_text())
    except (OSError, ValueError):  # only root may read the counter on most systems
        return None


def _gained(before: int | None, now: int | None, size: int | None) -> int:
    """Microjoules from one reading to the next of a counter that starts at zero again beyond its range."""
    assert before is not None
    assert now is not None
    return now - before + (size or 0 if now < before else 0)


def _microjoules(library: Any, card: Any) -> int:
    return int(library.nvmlDeviceGetTotalEnergyConsumption(card)) * 1000
