"""Taking laps, against a clock that shows what it is told."""

import itertools
import statistics
from collections.abc import Iterator

import pytest
import torch

from dlbench.measure import laps
from dlbench.measure.clock import Clock
from dlbench.stats import steady


class Simulated(Clock):
    """A clock on which the k-th step, from 0, takes seconds[k], and the last of them for ever."""

    def __init__(self, *seconds: float) -> None:
        super().__init__(torch.device("cpu"))
        self.seconds, self.now, self.done, self.began = list(seconds), 0.0, 0, 0.0

    def steps(self, examples: int = 32) -> Iterator[int]:
        for done in itertools.count():
            self.done = done + 1
            self.now += self.seconds[min(done, len(self.seconds) - 1)]
            yield examples

    def start(self) -> None:
        self.began = self.now

    def running_for(self) -> float:
        return self.now - self.began

    def lap(self) -> float:
        return self.now - self.began


def test_first_step_stands_apart_and_laps_are_of_equal_length() -> None:
    clock = Simulated(9.0, 1 / 64)  # three steps are nearest to a lap's length
    taken = laps.take(clock.steps(), clock, 1.0, 10.0)
    assert (taken.first_step_seconds, taken.steps, taken.examples, taken.ended) == (9.0, 3, 96, "precise")
    assert taken.seconds == [3 / 64] * 22  # the first number of laps that fill a second


def test_an_odd_second_step_does_not_shorten_the_laps() -> None:
    """As when torch.compile compiles again."""
    clock = Simulated(9.0, 8.0, 0.010)
    assert laps.take(clock.steps(), clock, 1.0, 10.0).steps == 5


def test_steps_longer_than_a_lap_are_laps() -> None:
    clock = Simulated(2.0)
    taken = laps.take(clock.steps(), clock, 1.0, 1000.0)
    assert taken.steps == 1
    assert taken.seconds == [2.0] * 12  # two windows


def test_time_limit_ends_laps_that_are_not_precise() -> None:
    clock = Simulated(0.05, *[0.02, 0.08] * 1000)
    taken = laps.take(clock.steps(), clock, 1.0, 4.0)
    assert taken.ended == "time limit"
    assert sum(taken.seconds) == pytest.approx(4.0, abs=0.1)


def test_one_lap_is_taken_however_long() -> None:
    clock = Simulated(100.0)
    assert laps.take(clock.steps(), clock, 1.0, 10.0).seconds == [100.0]


def test_goes_on_while_laps_still_change() -> None:
    clock = Simulated(*[1 / 8] * 30, *[1 / 16] * 2000)
    taken = laps.take(clock.steps(), clock, 4.0, 60.0)
    assert taken.ended == "precise"
    assert statistics.median(taken.seconds[steady.warm_up(taken.seconds) :]) == 1 / 16


def test_ready_is_told_right_before_the_first_lap() -> None:
    clock = Simulated(9.0, 0.010)
    told: list[int] = []
    taken = laps.take(clock.steps(), clock, 1.0, 10.0, lambda: told.append(clock.done))
    assert told == [clock.done - taken.steps * len(taken.seconds)]
