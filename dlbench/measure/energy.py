"""Joules, where the platform counts them: RAPL for processors, NVML for NVIDIA GPUs."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path
from typing import Any

from dlbench.measure import nvml

POWERCAP = Path("/sys/class/powercap")
LET_READ = "sudo chmod a+r /sys/class/powercap/*/energy_uj lets everybody, until the next start"
NO_COUNTER = "this machine shows no counter (RAPL) under /sys/class/powercap, as most virtual ones: time on a real one"
NO_PACKAGE = "NVIDIA's counter is read by a package that is not here: pip install nvidia-ml-py"


class Meter:
    """Reads a counter of energy, where there is one that this user may read.

    For the CPU: all processor packages, with everything that runs on them. For a GPU: the whole card, or so many.
    """

    def __init__(self, device: str, powercap: Path = POWERCAP, cards: int = 1) -> None:
        self._device = device
        self._cards = [device] if cards == 1 else [f"cuda:{number}" for number in range(cards)]
        self._packages = _packages(powercap) if device == "cpu" else []
        self._ranges = [_number(package / "max_energy_range_uj") for package in self._packages]
        self._last = self._read()

    def joules(self) -> float | None:
        """Joules since the last call, or since the meter was made; None without a counter."""
        before, now = self._last, self._read()
        self._last = now
        if not now or None in now or None in before:
            return None
        return (
            sum(_gained(b, n, r) for b, n, r in zip(before, now, self._ranges or [None] * len(now), strict=True)) / 1e6
        )

    def why_not(self) -> str:
        """Why there is no counter, and what can be done; empty if there is one."""
        if self._last and None not in self._last:
            return ""
        if self._device.startswith("cuda"):
            return NO_PACKAGE if find_spec("pynvml") is None else f"the driver tells no energy of {self._device}"
        if self._packages:
            return f"only root may read {self._packages[0] / 'energy_uj'}: {LET_READ}"
        return NO_COUNTER if self._device == "cpu" else f"nothing counts the energy of {self._device}"

    def _read(self) -> list[int | None]:
        """Microjoules of each counter."""
        if self._device.startswith("cuda"):
            return [nvml.ask(card, _microjoules) for card in self._cards]
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
