"""Percentiles with their intervals, against scipy's test of quantiles and its inversion."""

import math
import random

import pytest
from scipy import stats

from dlbench.stats import percentiles, steady


def sample(count: int, seed: int = 0) -> list[float]:
    chance = random.Random(seed)
    return [chance.expovariate(1.0) for _ in range(count)]


def test_how_many_values_a_percentile_takes() -> None:
    """The largest of n lies below p99 with 0.99^n: 2.52 % of 366 and more, 2.48 % of 368."""
    assert [percentiles.fewest(percent) for percent in (50, 90, 99)] == [6, 36, 368]


@pytest.mark.parametrize("percent", [50, 90, 99])
def test_with_fewer_there_is_none(percent: int) -> None:
    fewest = percentiles.fewest(percent)
    assert math.isnan(percentiles.percentile(sample(fewest - 1), percent).value)
    assert percentiles.percentile(sample(fewest), percent).high == max(sample(fewest))


@pytest.mark.parametrize(("percent", "count"), [(50, 7), (50, 1000), (90, 40), (90, 500), (99, 368), (99, 5000)])
def test_interval_is_scipy_s(percent: int, count: int) -> None:
    values = sample(count)
    found = percentiles.percentile(values, percent)
    interval = stats.quantile_test(values, p=percent / 100).confidence_interval(0.95)
    assert (found.low, found.high) == (interval.low, interval.high)
    assert found.low < found.value < found.high


def test_p50_is_the_median_with_its_interval() -> None:
    assert percentiles.percentile(sample(101), 50) == steady.median_interval(sample(101))


def test_the_interval_holds_the_true_p99_in_95_of_100_samples() -> None:
    truth = math.log(100)
    found = [percentiles.percentile(sample(500, seed), 99) for seed in range(400)]
    assert sum(one.low <= truth <= one.high for one in found) >= 0.93 * len(found)
