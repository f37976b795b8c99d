"""Laps of equally many steps, taken until their median is known well enough or time is up."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Literal

from dlbench.measure.clock import Clock
from dlbench.stats import steady

LAP_SECONDS = 0.05  # long beside a wait for the device, short enough for some hundred laps


@dataclass(frozen=True)
class Laps:
    """The first step's seconds, then laps of `steps` steps and `examples` examples each, raw and in order.

    ended: why there are no more: the median was precise, time was up, or the process was told to stop.
    """

    first_step_seconds: float
    steps: int
    examples: int
    seconds: list[float]
    ended: Literal["precise", "time limit", "told"]


def take(
    steps: Iterator[int],
    clock: Clock,
    least_seconds: float,
    most_seconds: float,
    ready: Callable[[], object] = lambda: None,
) -> Laps:
    """Take laps of an endless iterator that yields the number of examples of each step, always the same.

    The first step (allocation, tuning, compilation) is timed apart; the next steps, for about two laps' time, show how
    many steps make a lap. Laps are taken for at least `least_seconds`, then until warm-up is over and the 95 % interval
    of the median lies within 1 % of it, or until `most_seconds` have passed; there is at least one lap.
    ready: called right before the first lap.
    """
    first, examples = lap(steps, 1, clock)
    for _ in range(2):  # the second step may still be an odd one
        count = _count(steps, clock)
    ready()
    laps: list[float] = []
    look = 2 * steady.WINDOW
    while True:
        seconds, _ = lap(steps, count, clock)
        laps.append(seconds)
        spent = sum(laps)
        if spent >= least_seconds and len(laps) >= look:
            look += max(1, look // 10)
            if is_precise(laps):
                return Laps(first, count, count * examples, laps, "precise")
        if spent >= most_seconds:
            return Laps(first, count, count * examples, laps, "time limit")


def is_precise(laps: list[float]) -> bool:
    """Whether warm-up is over, and the median of what came after it known to 1 %."""
    skipped = steady.warm_up(laps)
    return skipped is not None and steady.enough(laps[skipped:])


def lap(steps: Iterator[int], count: int, clock: Clock) -> tuple[float, int]:
    """Seconds of so many steps, and the examples of the last of them."""
    examples = 0
    clock.start()
    for _ in range(count):
        examples = next(steps)
    return clock.lap(), examples


def _count(steps: Iterator[int], clock: Clock) -> int:
    """How many steps make a lap."""
    done = 0
    clock.start()
    while done == 0 or clock.running_for() < LAP_SECONDS:
        next(steps)
        done += 1
    return max(1, round(LAP_SECONDS * done / max(clock.lap(), 1e-9)))
