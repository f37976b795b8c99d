"""What disturbed a timing, as raw readings, and what to do about it, in words.

A watch is started, then read once before the laps and once after them; readings are plain dictionaries, as a timing
file keeps them. A reading that this machine does not give is absent, never zero.
"""

from __future__ import annotations

import multiprocessing
import os
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import psutil

from dlbench.measure import nvml

Reading = dict[str, Any]

BUSY_CORES = 0.1  # other load below a tenth of a core is normal for a system
IDLE = ("idle", "iowait", "steal", "guest", "guest_nice")  # a guest's time is counted in user's already
CGROUP = Path("/sys/fs/cgroup/cpu.stat")
# bits of NVML's nvmlClocksThrottleReasons
THROTTLING = {"heat": 0x20 | 0x40, "power limit": 0x04, "hardware slowdown": 0x08 | 0x80}
PROCESSORS = Path("/sys/devices/system/cpu")


class Watch:
    """Readings of other programs' load on the cores of this process, and of throttling, since the last reading."""

    def __init__(self, device: str = "cpu") -> None:
        self._device = device
        self._cores = _affinity()
        self._last = self._counters()

    def read(self) -> Reading:
        """What happened since the last reading, or since the start.

        seconds: how long that was. other_cores: how many of these cores other processes kept busy. stolen_cores: how
        many other virtual machines took. throttled: how often the processor got too hot. quota_seconds: how long a
        container's quota stopped its threads. gpu_throttled: reasons why the GPU runs slower. gpu_others: other
        processes on the GPU.
        """
        now, before = self._counters(), self._last
        self._last = now
        gained = {name: now[name] - before[name] for name in now.keys() & before.keys()}
        seconds = max(gained["seconds"], 1e-9)
        return {
            "seconds": seconds,
            "other_cores": max(0.0, gained["busy"] - gained["own"]) / seconds,
            "stolen_cores": gained["stolen"] / seconds,
            **{name: gained[name] for name in ("throttled", "quota_seconds") if name in gained},
            **(_gpu(self._device) if self._device.startswith("cuda") else {}),
        }

    def _counters(self) -> dict[str, float]:
        times = [core for number, core in enumerate(psutil.cpu_times(percpu=True)) if number in self._cores]
        counters = {
            "seconds": time.perf_counter(),
            "own": _own_seconds(),
            "busy": sum(value for core in times for name, value in core._asdict().items() if name not in IDLE),
            "stolen": sum(getattr(core, "steal", 0.0) for core in times),
        }
        return counters | _throttle_counts() | _quota()


def _own_seconds() -> float:
    """Processor time of this process, and of those that help it: workers of a loader, other ranks of a trial."""
    seconds = sum(psutil.Process().cpu_times()[:4])  # user and system, and those of children that have ended
    for helper in multiprocessing.active_children():
        with suppress(psutil.Error):  # it may end meanwhile
            seconds += sum(psutil.Process(helper.pid).cpu_times()[:4])
    return float(seconds)


def _affinity() -> set[int]:
    return os.sched_getaffinity(0) if hasattr(os, "sched_getaffinity") else set(range(os.cpu_count() or 1))


def _throttle_counts() -> dict[str, float]:
    """How often each core was slowed down by heat since the machine was started; nothing where Linux does not say."""
    counts = [int(file.read_text()) for file in PROCESSORS.glob("cpu[0-9]*/thermal_throttle/core_throttle_count")]
    return {"throttled": sum(counts)} if counts else {}


def _quota() -> dict[str, float]:
    """How long the quota of processor time has stopped this control group."""
    if not CGROUP.exists():
        return {}
    statistics = dict(line.split() for line in CGROUP.read_text().splitlines())
    return {"quota_seconds": int(statistics["throttled_usec"]) / 1e6} if "throttled_usec" in statistics else {}


def _gpu(device: str) -> Reading:
    """What NVML says about the GPU right now; nothing without it."""

    def question(library: Any, card: Any) -> Reading:
        mask = library.nvmlDeviceGetCurrentClocksThrottleReasons(card)
        others = {process.pid for process in library.nvmlDeviceGetComputeRunningProcesses(card)} - {os.getpid()}
        return {
            "gpu_throttled": [reason for reason, bits in THROTTLING.items() if mask & bits],
            "gpu_others": len(others),
        }

    return nvml.ask(device, question) or {}


def denormals_flushed() -> bool:
    """Whether this process's arithmetic treats denormal numbers as zero; they are up to a hundred times slower."""
    import torch

    return not bool((torch.full((2**20,), 1e-39) * 1.0).any())


def warnings(before: Reading, during: Reading, *, threads: int, cores: int, flushed: bool = True) -> list[str]:
    """One line for each disturbance, which says what to do about it.

    before, during: readings from before the laps and of the laps. threads: of this process. cores: it may use.
    flushed: whether denormals are.
    """
    return [*_load(before, during), *_threads(threads, cores), *_throttling(during), *_others(during),
            *([] if flushed else ["denormal numbers are not flushed to zero here: nets with saturated units slow down "
                                  "as they train; time few steps, or another processor"])]  # fmt: skip


def crowding(during: Reading, *, threads: int, cores: int) -> str:
    """One line if other programs take cores that this process's threads need; empty if not.

    Threads that share their work wait for the slowest at every step: beside one busy program two threads train at a
    third to a fourteenth of their speed, while a single one keeps half of it.
    """
    load = during.get("other_cores", 0.0)
    left = max(1, round(cores - load))
    if threads <= 1 or left >= threads:
        return ""
    return (
        f"other programs take {load:.1f} of {cores} cores, and {threads} threads wait for each other at every step: "
        f"--threads {left} would be faster, as a trial of its own, for it rounds otherwise"
    )


def _load(before: Reading, during: Reading) -> list[str]:
    lines = []
    load = during.get("other_cores", 0.0)
    if load >= BUSY_CORES:
        since = "" if before.get("other_cores", 0.0) >= BUSY_CORES else ", and had not before"
        lines.append(f"other programs took {load:.1f} cores{since}: close them and time again")
    if during.get("stolen_cores", 0.0) >= BUSY_CORES / 2:
        lines.append(
            f"the host gave {during['stolen_cores']:.1f} of this virtual machine's cores to others: time again later, "
            "or on a machine of your own"
        )
    return lines


def _threads(threads: int, cores: int) -> list[str]:
    if threads <= cores:
        return []
    return [f"{threads} threads on {cores} cores wait for each other: use --threads {cores}"]


def _throttling(during: Reading) -> list[str]:
    lines = []
    if during.get("throttled"):
        lines.append("the processor got too hot and slowed down: cool it, or use fewer --threads, and time again")
    if during.get("quota_seconds"):
        lines.append(
            f"a container's quota held the threads back for {during['quota_seconds']:.1f} s: raise its limit of "
            "processors, or use fewer --threads"
        )
    if during.get("gpu_throttled"):
        lines.append(
            f"the GPU slowed its clock down ({', '.join(during['gpu_throttled'])}): see nvidia-smi -q -d PERFORMANCE"
        )
    return lines


def _others(during: Reading) -> list[str]:
    count = during.get("gpu_others")
    return [f"{count} other programs are on the GPU: see nvidia-smi, end them and time again"] if count else []


def merged(readings: Sequence[Mapping[str, Any]]) -> Reading:
    """The worst of several processes' readings, for one warning about all of them."""
    worst: Reading = {}
    for name in dict.fromkeys(name for reading in readings for name in reading):
        values = [reading[name] for reading in readings if name in reading]
        worst[name] = max(values, key=len) if isinstance(values[0], list) else max(values)
    return worst


def joined(readings: Sequence[Mapping[str, Any]]) -> Reading:
    """One process's readings of several periods as one reading."""
    seconds = sum(reading["seconds"] for reading in readings)
    sums = {name: sum(reading.get(name, 0) for reading in readings) for name in ("throttled", "quota_seconds")}
    cores = {
        name: sum(reading[name] * reading["seconds"] for reading in readings) / seconds
        for name in ("other_cores", "stolen_cores")
    }
    whole = merged(readings)
    return whole | {name: value for name, value in sums.items() if name in whole} | cores | {"seconds": seconds}
