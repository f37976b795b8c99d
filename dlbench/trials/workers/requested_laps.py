"""Laps on request, for processes that take turns: each line says how many steps to take.

Between its laps a process sleeps, and so do its threads; energy and disturbances are read around each lap alone.
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
    """Stay on the last cores of this machine, as many as there are threads, like the process that we take turns with.

    Else, where other programs run, the system would keep each side on other cores for seconds, with other neighbours.
    """
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[-threads:])


def take(steps: Iterator[int], device: torch.device, lines: SimpleQueue[str], tell: Tell) -> Timing:
    """Run a lap of as many steps as each line says, and tell it, until a line says 0.

    Returns the first lap as the first step, and all laps that have as many steps as the last one.
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
    counted = [reading for reading in readings if reading.turn.steps == last.steps]
    seconds = [reading.turn.seconds for reading in counted]
    laps = Laps(readings[0].turn.seconds, last.steps, last.examples, seconds, "told")
    joules = [reading.joules for reading in counted if reading.joules is not None]
    return Timing(
        **asdict(laps), cpu_seconds=[reading.turn.cpu_seconds for reading in counted],
        joules=sum(joules) if len(joules) == len(counted) else None, uncounted=uncounted,
        before=counted[0].before, during=disturbance.joined([reading.during for reading in counted]),
        cores=machine.cores(), denormals_flushed=disturbance.denormals_flushed(),
    )  # fmt: skip
