"""How long a batch takes that somebody waits for: one after the other, or as requests that come when they like.

A latency is from the call until the device has finished, by the wall clock: what a caller waits. Events of an
accelerator would leave out the launch. Throughput is measured apart, in laps that let a device run ahead.

Closed loop: the next batch is begun when the one before is done, so nothing ever waits, and a stall costs one batch.
Open loop: requests come at a rate of their own, whether the one before is done or not, and their waiting counts, as in
the "server" scenario of MLPerf Inference (Reddi et al. 2020). To leave it out, by beginning to count
when work begins, is what Gil Tene calls coordinated omission ("How NOT to Measure Latency", 2013): the measurement
pauses with the system, and leaves out just the requests that a pause would have hit.
"""

from __future__ import annotations

import itertools
import math
import random
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from dlbench.measure.clock import Clock
from dlbench.measure.laps import lap

MOST_BATCHES = 10_000  # a hundred of them beyond p99
SPIN_SECONDS = 1e-3  # a sleeper wakes late, which would count as waiting: the last moment is spent looking at the clock
OVERTIME = 2.0  # times the time in which requests come: after that nobody serves those that are left
NANO = 9  # decimals of seconds


@dataclass(frozen=True)
class Served:
    """Requests in the order in which they came: seconds until work on each began, and seconds of work.

    late_seconds: of the waiting, those in which nothing was served: the process did not get its core back in time.
    """

    waiting_seconds: list[float]
    service_seconds: list[float]
    late_seconds: float


def closed_loop(steps: Iterator[int], clock: Clock, seconds: float) -> list[float]:
    """Seconds of each batch, for at least so long, or of MOST_BATCHES; there is at least one."""
    taken: list[float] = []
    spent = 0.0
    while not taken or (spent < seconds and len(taken) < MOST_BATCHES):
        taken.append(round(lap(steps, 1, clock)[0], NANO))
        spent += taken[-1]
    return taken


def arrivals(per_second: float, seed: int, seconds: float) -> list[float]:
    """When requests come, in seconds from the start: a Poisson process, so that the past says nothing of the next."""
    chance = random.Random(seed)
    times = itertools.accumulate(chance.expovariate(per_second) for _ in itertools.count())
    return list(itertools.takewhile(lambda moment: moment < seconds, times))


def _wait(seconds: float) -> None:
    """Wait so long, to a microsecond."""
    until = time.perf_counter() + seconds
    time.sleep(max(0.0, seconds - SPIN_SECONDS))
    while time.perf_counter() < until:
        pass


def open_loop(
    moments: Sequence[float],
    serve: Callable[[], object],
    *,
    most_seconds: float = math.inf,
    now: Callable[[], float] = time.perf_counter,
    wait: Callable[[float], object] = _wait,
) -> Served:
    """Serve a request that came at each of these moments, one by one, first come, first served.

    A request that came while another was served is begun right after, and its waiting counts from when it came. Ends
    early at the first that is begun after `most_seconds`: then the requests outrun the device.
    """
    waiting, service, late = [], [], 0.0
    start = now()
    for moment in moments:
        if (early := start + moment - now()) > 0:
            wait(early)
        begun = now() - start
        late += max(0.0, begun - moment) if early > 0 else 0.0
        if begun > most_seconds:
            break
        serve()
        waiting.append(round(max(0.0, begun - moment), NANO))
        service.append(round(now() - start - begun, NANO))
    return Served(waiting, service, round(late, NANO))
