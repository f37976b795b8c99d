"""Latencies: the loops on a clock that shows what it is told, and once on the real one."""

import itertools
import statistics
import time
from collections.abc import Iterator, Sequence

import pytest
import torch

from dlbench.measure import latency
from dlbench.measure.clock import Clock
from dlbench.measure.latency import Served
from dlbench.stats.queues import settling_requests


class Line(Clock):
    """A device in simulated time, whose k-th piece of work takes the k-th of these seconds, and then from the start."""

    def __init__(self, *seconds: float) -> None:
        super().__init__(torch.device("cpu"))
        self.now = self.began = 0.0
        self.seconds: Iterator[float] = itertools.cycle(seconds)

    def serve(self) -> None:
        self.now += next(self.seconds)

    def wait(self, seconds: float) -> None:
        self.now += seconds

    def start(self) -> None:
        self.began = self.now

    def lap(self) -> float:
        return self.now - self.began

    def closed(self, seconds: float) -> list[float]:
        return latency.closed_loop(iter(self.step, None), self, seconds)

    def step(self) -> int:
        self.serve()
        return 1

    def take(self, moments: Sequence[float], **more: float) -> Served:
        return latency.open_loop(moments, self.serve, now=lambda: self.now, wait=self.wait, **more)  # type: ignore[arg-type]


def test_closed_loop_times_every_single_batch() -> None:
    assert Line(0.25, 0.5, 0.125, 0.25, 9.0).closed(seconds=1.0) == [0.25, 0.5, 0.125, 0.25]
    assert Line(9.0).closed(seconds=1.0) == [9.0]


def test_arrivals_are_a_poisson_process_of_that_rate_and_the_same_for_the_same_seed() -> None:
    """The number that come in a second has a variance like its mean; gaps spread as much as they last."""
    moments = latency.arrivals(100, seed=1, seconds=100)
    counts = [sum(1 for moment in moments if second <= moment < second + 1) for second in range(100)]
    gaps = [later - earlier for earlier, later in itertools.pairwise(moments)]
    assert statistics.mean(counts) == pytest.approx(100, rel=0.03)
    assert statistics.variance(counts) == pytest.approx(100, rel=0.3)
    assert statistics.stdev(gaps) == pytest.approx(statistics.mean(gaps), rel=0.05)
    assert latency.arrivals(100, seed=1, seconds=100) == moments != latency.arrivals(100, seed=2, seconds=100)


def test_waiting_by_hand() -> None:
    """The second comes while the first is served; the fourth, before the third is begun."""
    served = Line(1.0, 2.0, 0.5, 0.5).take([0.0, 0.25, 1.5, 2.0, 9.0])
    assert served.service_seconds == [1.0, 2.0, 0.5, 0.5, 1.0]
    assert served.waiting_seconds == [0.0, 0.75, 1.5, 1.5, 0.0]
    assert served.late_seconds == 0


@pytest.mark.parametrize("load", [0.3, 0.6, 0.8])
def test_mean_waiting_is_that_of_a_queue_with_equal_service_times(load: float) -> None:
    """M/D/1: load / (2 (1 - load)) times the service (Pollaczek 1930, Khinchin 1932)."""
    service = 0.01
    moments = latency.arrivals(load / service, seed=3, seconds=100_000 * service / load)
    waiting = Line(service).take(moments).waiting_seconds
    assert len(waiting) > 300 * settling_requests(load)
    assert statistics.mean(waiting) == pytest.approx(load * service / (2 * (1 - load)), rel=0.05)


def test_a_queue_that_was_empty_settles_as_fast_as_said() -> None:
    """From half that request on, the mean waiting over many queues is that of M/D/1; at a 20th of it, not yet."""
    load = 0.7
    count = round(settling_requests(load))
    queues = [
        Line(1.0).take(latency.arrivals(load, seed, 2 * count / load)[: count + 1]).waiting_seconds
        for seed in range(300)
    ]
    truth = load / (2 * (1 - load))
    settled = statistics.mean(statistics.mean(queue[count // 2 :]) for queue in queues)
    early = statistics.mean(queue[count // 20] for queue in queues)
    assert settled == pytest.approx(truth, rel=0.1)
    assert early < 0.9 * truth


def test_a_stall_counts_for_all_that_come_during_it() -> None:
    """A hundred a second and one second's stall: half of the next hundred wait for more than half of it.

    A closed loop has one slow batch of two hundred, and a p99 that knows nothing of it: coordinated omission.
    """
    seconds = [1.0, *[0.001] * 199]
    moments = [number / 100 for number in range(200)]
    served = Line(*seconds).take(moments)
    responses = sorted(map(sum, zip(served.waiting_seconds, served.service_seconds, strict=True)))
    closed = sorted(Line(*seconds).closed(seconds=1.19))
    assert responses[-51] > 0.5
    assert closed[-2:] == [0.001, 1.0]


def test_requests_that_outrun_the_device_are_given_up_in_time() -> None:
    line = Line(1.0)
    served = line.take([number / 10 for number in range(1000)], most_seconds=20.0)
    assert len(served.service_seconds) == 21
    assert served.waiting_seconds[-1] == pytest.approx(18)


def test_nothing_settles_from_a_load_of_one() -> None:
    assert settling_requests(1.0) == settling_requests(2.0) == float("inf")


def test_a_real_service_that_sleeps() -> None:
    """Nobody knows how busy this machine is, but a request waits at least for what those before it sleep."""
    served = latency.open_loop([0.0, 0.0, 0.0, 0.2], lambda: time.sleep(0.02))
    first, second, third, last = served.waiting_seconds
    assert min(served.service_seconds) >= 0.02
    assert second >= 0.02
    assert third >= second + 0.02
    assert last == pytest.approx(max(0.0, third + served.service_seconds[2] - 0.2) + served.late_seconds, abs=0.01)
    assert first >= 0
