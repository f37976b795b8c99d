"""Laps at another's bidding, who hands a turn back and forth between processes: a line says how many steps to take.

Between its laps a process sleeps, and its threads with it; energy and disturbances are read around each lap alone.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from queue import SimpleQueue

import torch

from dlbench.measure import disturbance, energy, machine
from dlbench.measure.clock import Clock
from dlbench.measure.laps import Laps, lap
from dlbench.records.events import Built, Timing, Turn
from dlbench.trials.workers.channel import Tell


@dataclass(frozen=True)
class Reading:
    """A turn, and what was read before and after it."""

    turn: Turn
    before: disturbance.Reading
    during: disturbance.Reading
    joules: float | None


def pin(threads: int) -> None:
    """Stay on the last cores of this machine, as many as there are threads, as whoever takes turns with us does.

    Where other programs run, the system would keep either side on a core of its own for seconds, beside other company.
    """
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[-threads:])


def take(steps: Iterator[int], device: torch.device, lines: SimpleQueue[str], tell: Tell) -> Timing:
    """Take and tell laps of as many steps as each line says, until a line says 0.

    What is returned holds the first lap as that of the first step, and all laps that are as long as the last.
    """
    watch, meter = disturbance.Watch(str(device)), energy.Meter(str(device))
    clock = Clock(device)
    readings: list[Reading] = []
    tell(Built())
    while count := int(lines.get()):
        before, _ = watch.read(), meter.joules()
        began = time.process_time()
        seconds, examples = lap(steps, count, clock)
        turn = Turn(count, count * examples, seconds, time.process_time() - began)
        readings.append(Reading(turn, before, watch.read(), meter.joules()))
        tell(readings[-1].turn)
    return _timing(readings, meter.why_not())


def _timing(readings: list[Reading], uncounted: str) -> Timing:
    last = readings[-1].turn
    kept = [reading for reading in readings if reading.turn.steps == last.steps]
    seconds = [reading.turn.seconds for reading in kept]
    laps = Laps(readings[0].turn.seconds, last.steps, last.examples, seconds, "told")
    joules = [reading.joules for reading in kept if reading.joules is not None]
    return Timing(
        **asdict(laps), joules=sum(joules) if len(joules) == len(kept) else None, uncounted=uncounted,
        before=kept[0].before, during=disturbance.joined([reading.during for reading in kept]),
        cores=machine.cores(), denormals_flushed=disturbance.denormals_flushed(),
    )  # fmt: skip
