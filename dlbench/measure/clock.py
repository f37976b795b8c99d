"""A stopwatch for laps of training: time between steps counts, time spent looking at the model does not."""

from __future__ import annotations

import time

import torch


class Clock:
    """Adds up the seconds while it runs; waits for the device only when it is started or stopped."""

    def __init__(self, device: torch.device) -> None:
        self._device = device
        self._started: float | None = None
        self._seconds = 0.0

    def start(self) -> None:
        """Run again, from the moment the device has nothing left to do."""
        self._synchronise()
        self._started = time.perf_counter()

    def running_for(self) -> float:
        """Seconds so far without waiting for the device: good enough to decide when a lap should end."""
        return self._seconds + (time.perf_counter() - self._started if self._started is not None else 0.0)

    def lap(self) -> float:
        """Stop and return the exact seconds of this lap, once the device has caught up; the next lap starts at zero."""
        self._synchronise()
        seconds, self._seconds, self._started = self.running_for(), 0.0, None
        return seconds

    def _synchronise(self) -> None:
        if self._device.type == "cuda":
            torch.cuda.synchronize(self._device)
        elif self._device.type == "mps":
            torch.mps.synchronize()
        elif self._device.type == "xpu":
            torch.xpu.synchronize(self._device)
