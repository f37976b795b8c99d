"""The statistics against textbook values and against scipy.stats."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from dlbench.stats.estimates import (
    Estimate,
    binomial_sd_percent,
    difference_of_rates,
    mean,
    mean_interval,
    paired_difference,
    ratio_of_means,
    ratio_of_rates,
    sd,
    wilson_interval,
)

samples = st.lists(st.floats(-1e6, 1e6), min_size=2, max_size=30)


def test_mean_and_sd_of_a_sample_worked_by_hand() -> None:
    assert mean([2, 4, 4, 4, 5, 5, 7, 9]) == 5
    assert sd([2, 4, 4, 4, 5, 5, 7, 9]) == pytest.approx(math.sqrt(32 / 7))


def test_one_value_has_no_deviation_and_no_interval() -> None:
    assert math.isnan(sd([9.1]))
    alone = mean_interval([9.1])
    assert (alone.value, alone.n, alone.has_interval, alone.sign) == (9.1, 1, False, 0)


def test_nothing_has_no_mean() -> None:
    assert math.isnan(mean([]))
    assert mean_interval([]).n == 0


def test_t_interval_of_one_to_five() -> None:
    """t(4) = 2.776, s = 1.5811: 3 +- 1.9632."""
    found = mean_interval([1, 2, 3, 4, 5])
    assert (found.low, found.high) == pytest.approx((1.0367568, 4.9632432), abs=1e-6)


def test_students_own_paired_sleep_data() -> None:
    """Student 1908, Biometrika 6(1); R prints t.test(paired = TRUE) as -1.58 [-2.4598858, -0.7001142]."""
    first = [0.7, -1.6, -0.2, -1.2, -0.1, 3.4, 3.7, 0.8, 0.0, 2.0]
    second = [1.9, 0.8, 1.1, 0.1, -0.1, 4.4, 5.5, 1.6, 4.6, 3.4]
    found = paired_difference(dict(enumerate(first)), dict(enumerate(second)))
    assert found.value == pytest.approx(-1.58)
    assert (found.low, found.high) == pytest.approx((-2.4598858, -0.7001142), abs=1e-6)
    assert (found.n, found.sign) == (10, -1)


def test_only_shared_seeds_are_paired() -> None:
    found = paired_difference({0: 70.0, 1: 72.0, 7: 0.0}, {1: 52.0, 0: 51.0, 3: 99.0})
    assert (found.value, found.n) == (19.5, 2)
    assert math.isnan(paired_difference({0: 1.0}, {1: 1.0}).value)


@pytest.mark.parametrize(
    ("successes", "trials", "low", "high"),
    [(81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0.0, 0.1611), (1, 29, 0.0061, 0.1718)],
)
def test_wilson_interval_as_newcombe_tabulates_it(successes: int, trials: int, low: float, high: float) -> None:
    """Newcombe 1998, Statistics in Medicine 17, Table I, method 3."""
    found = wilson_interval(successes, trials)
    assert (found.low, found.high) == pytest.approx((low, high), abs=5e-5)


def test_wilson_interval_closes_where_all_or_none_succeed() -> None:
    assert wilson_interval(0, 7).low == 0
    assert wilson_interval(7, 7).high == 1


@settings(deadline=None)
@given(st.integers(1, 500).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_wilson_interval_agrees_with_scipy(counts: tuple[int, int]) -> None:
    found = wilson_interval(*counts)
    expected = stats.binomtest(*counts).proportion_ci(method="wilson")
    assert (found.low, found.high) == pytest.approx((expected.low, expected.high), abs=1e-9)


@settings(deadline=None)
@given(samples)
def test_mean_interval_agrees_with_scipy(values: list[float]) -> None:
    found = mean_interval(values)
    assert found.value == pytest.approx(np.mean(values), abs=1e-6)
    assert sd(values) == pytest.approx(np.std(values, ddof=1), abs=1e-6)
    half = stats.t.ppf(0.975, len(values) - 1) * np.std(values, ddof=1) / len(values) ** 0.5
    assert found.high - found.low == pytest.approx(2 * half, abs=1e-5)


def test_binomial_sd_of_ten_thousand_test_images() -> None:
    assert binomial_sd_percent(8, 10_000) == pytest.approx(0.27, abs=0.005)
    assert binomial_sd_percent(1, 10_000) == pytest.approx(0.10, abs=0.005)


def test_ratio_of_means_worked_by_hand() -> None:
    """cv^2/n are 1/300 and 1/1200, so se(ln) = sqrt(5/1200), and Welch's degrees of freedom are 50/17."""
    found = ratio_of_means([9, 10, 11], [19, 20, 21])
    half = stats.t.ppf(0.975, 50 / 17) * math.sqrt(5 / 1200)
    assert found.value == 0.5
    assert (found.low, found.high) == pytest.approx((0.5 * math.exp(-half), 0.5 * math.exp(half)))


def test_ratio_of_means_covers_the_truth_19_times_in_20() -> None:
    draw = np.random.default_rng(0)
    covered = 0
    for _ in range(2000):
        found = ratio_of_means(draw.normal(27, 0.8, 4).tolist(), draw.normal(47, 0.5, 6).tolist())
        covered += found.low <= 27 / 47 <= found.high
    assert 0.935 <= covered / 2000 <= 0.975


def test_ratio_without_enough_values_has_no_interval() -> None:
    assert ratio_of_means([15.3], [26.1]).value == pytest.approx(0.586, abs=5e-4)
    assert not ratio_of_means([15.3], [26.1, 26.2]).has_interval
    assert not ratio_of_means([0.0, 0.0], [26.1, 26.2]).has_interval
    assert ratio_of_means([5.0, 5.0], [10.0, 10.0]).low == 0.5


@pytest.mark.parametrize(
    ("first", "second", "interval"),
    [((56, 70), (48, 80), (0.0524, 0.3339)), ((9, 10), (3, 10), (0.1705, 0.8090)), ((10, 10), (0, 20), (0.6791, 1))],
)
def test_difference_of_rates_is_the_tenth_of_newcombe_s_methods(first, second, interval) -> None:
    """Newcombe 1998, Interval Estimation for the Difference between Independent Proportions, Table II (a), (b), (g)."""
    found = difference_of_rates(wilson_interval(*first), wilson_interval(*second))
    assert (found.low, found.high) == pytest.approx(interval, abs=5e-5)


def test_ratio_of_rates_of_one_that_is_known_exactly() -> None:
    both, one = ratio_of_rates(0.2, 0.1, 1000), ratio_of_rates(0.2, 0.1, 1000, math.inf)
    assert both.value == one.value == 2
    assert one.high < both.high
    assert math.log(one.high / 2) == pytest.approx(1.959964 * math.sqrt(0.8 / 200))


def test_ratio_of_rates_on_the_physicians_health_study() -> None:
    """Agresti, Categorical Data Analysis: 189/11034 against 104/11037 heart attacks, 1.82 [1.43, 2.31]."""
    found = ratio_of_rates(189 / 11034, 104 / 11037, 11035)
    assert (found.value, found.low, found.high) == pytest.approx((1.818, 1.433, 2.306), abs=1.5e-3)


def test_scaled_keeps_n() -> None:
    assert Estimate(0.5, 0.25, 0.75, 4).scaled(100) == Estimate(50, 25, 75, 4)
