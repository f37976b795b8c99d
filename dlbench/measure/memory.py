"""The peak memory of a process, and of the device it computes on, since the start or since `begin_anew`."""

from __future__ import annotations

import sys
from contextlib import suppress
from pathlib import Path

import psutil

STATUS = Path("/proc/self/status")
FORGET = Path("/proc/self/clear_refs")


def begin_anew(device: str) -> None:
    """Forget the peaks of earlier work in this process, where the system can."""
    import torch

    with suppress(OSError):  # no Linux, or not allowed
        FORGET.write_text("5")  # proc(5): the peak is what is held now
    if device.startswith("cuda") and torch.cuda.is_initialized():  # type: ignore[no-untyped-call]
        torch.cuda.empty_cache()  # what torch keeps for later counts as held
        torch.cuda.reset_peak_memory_stats(torch.device(device))
    if device.startswith("xpu") and torch.xpu.is_initialized():  # type: ignore[no-untyped-call]
        torch.xpu.empty_cache()
        torch.xpu.reset_peak_memory_stats(torch.device(device))


def process_peak_bytes() -> int:
    """The peak memory of this process, in bytes."""
    if STATUS.exists():  # on Linux getrusage's figure starts from that of the parent
        for line in STATUS.read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1024
    try:
        import resource
    except ImportError:  # Windows
        return int(psutil.Process().memory_info().peak_wset)
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)


def device_peak_bytes(device: str) -> int | None:
    """Torch's peak memory on an accelerator, in bytes; None where it does not count."""
    import torch

    counters = {"cuda": torch.cuda.max_memory_reserved, "xpu": torch.xpu.max_memory_reserved}  # MPS keeps no peak
    counter = counters.get(device.partition(":")[0])
    return counter(torch.device(device)) if counter else None
