"""Lap times made up so that the answer is known: warm-up, drift, the median and its interval."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import signal, stats

from dlbench.stats import steady
from dlbench.stats.estimates import Estimate

seconds = st.floats(1e-6, 1e3)
samples = st.lists(seconds, min_size=1, max_size=60)


def noisy(rng: np.random.Generator, n: int, level: float = 1.0, spread: float = 0.1) -> list[float]:
    """Laps with a floor and a long upper tail."""
    return (level * (1 + spread * rng.exponential(size=n))).tolist()


class TestWarmUp:
    def test_constant_laps_have_none(self) -> None:
        assert steady.warm_up([0.5] * 12) == 0

    def test_fewer_than_two_windows_say_nothing(self) -> None:
        assert steady.warm_up([0.5] * 11) is None
        assert steady.warm_up([]) is None

    @pytest.mark.parametrize("slow", [1, 2, 3, 6, 10, 14, 20])
    def test_a_slow_start_is_left_out_while_it_sways_a_window(self, slow: int) -> None:
        """The median of six is that of the fast ones while at most two are slow."""
        assert steady.warm_up([2.0] * slow + [1.0] * 40) == max(0, slow - 2)

    def test_a_start_that_is_too_fast_is_left_out_as_well(self) -> None:
        """As a processor is, until it is warm."""
        assert steady.warm_up([0.8] * 10 + [1.0] * 40) == 8

    def test_more_than_half_is_no_warm_up(self) -> None:
        assert steady.warm_up([2.0] * 41 + [1.0] * 37) == 39
        assert steady.warm_up([2.0] * 41 + [1.0] * 36) is None

    def test_a_ramp_is_over_within_the_tolerance_of_where_it_leads(self) -> None:
        laps = [1 + math.exp(-step / 100) for step in range(1000)]
        found = steady.warm_up(laps)
        assert found is not None
        assert laps[found] == pytest.approx(1.02, abs=0.002)

    def test_a_ramp_that_needs_more_than_half_is_not_over(self) -> None:
        assert steady.warm_up([1 + math.exp(-step / 100) for step in range(600)]) is None

    def test_laps_that_grow_for_ever_never_are_steady(self) -> None:
        assert steady.warm_up([1.05**step for step in range(100)]) is None

    def test_a_step_after_the_middle_is_not_steady(self) -> None:
        """As when a processor throttles."""
        rng = np.random.default_rng(1)
        assert steady.warm_up(noisy(rng, 70, 1.0, 0.01) + noisy(rng, 50, 1.2, 0.01)) is None

    def test_a_step_that_lies_between_the_quartiles_is_seen_by_the_halves(self) -> None:
        """The second half holds laps of both kinds, its quartiles lie at either; the median of all laps is clear."""
        laps = [0.1] * 27 + [0.05] * 13
        assert steady.enough(laps)
        assert steady.warm_up(laps) is None
        assert steady.warm_up([0.1] * 27 + [0.05] * 40) == 25

    def test_a_tolerance_wide_enough_accepts_the_step(self) -> None:
        assert steady.warm_up([1.0] * 70 + [1.2] * 50, tolerance=0.2) == 0

    def test_noise_alone_is_steady(self) -> None:
        rng = np.random.default_rng(2)
        found = [steady.warm_up(noisy(rng, 80, spread=0.2)) for _ in range(400)]
        assert found.count(None) <= 4  # two are expected
        assert found.count(0) > 300
        assert max(each for each in found if each is not None) <= 20

    @settings(deadline=None)
    @given(samples, st.floats(0.001, 1000))
    def test_does_not_depend_on_the_unit(self, laps: list[float], factor: float) -> None:
        scale = 2.0 ** round(math.log2(factor))
        assert steady.warm_up([lap * scale for lap in laps]) == steady.warm_up(laps)

    @settings(deadline=None)
    @given(samples)
    def test_leaves_at_least_half_of_the_laps(self, laps: list[float]) -> None:
        found = steady.warm_up(laps)
        if found is not None:
            assert len(laps) - found >= max(steady.WINDOW, len(laps) / 2)


class TestMedianInterval:
    @pytest.mark.parametrize(("n", "low", "high"), [(6, 1, 6), (8, 1, 8), (10, 2, 9), (15, 4, 12), (20, 6, 15),
                                                    (25, 8, 18), (100, 40, 61)])  # fmt: skip
    def test_order_statistics_as_tables_have_them(self, n: int, low: int, high: int) -> None:
        """Tables of the sign test's interval, such as Conover 1999, table A3."""
        found = steady.median_interval([float(rank) for rank in range(n, 0, -1)])
        assert found == Estimate((n + 1) / 2, low, high, n)

    @pytest.mark.parametrize("n", range(6))
    def test_too_few_values_give_none(self, n: int) -> None:
        found = steady.median_interval([1.0] * n)
        assert not found.has_interval
        assert found.n == n

    @settings(deadline=None)
    @given(st.lists(seconds, min_size=6, max_size=300))
    def test_agrees_with_the_binomial_quantile_of_scipy(self, values: list[float]) -> None:
        n, ordered = len(values), sorted(values)
        k = int(stats.binom.ppf(0.025, n, 0.5))  # the smallest k with P(B <= k) >= 0.025
        found = steady.median_interval(values)
        assert (found.low, found.value, found.high) == (ordered[k - 1], np.median(values), ordered[n - k])

    def test_covers_the_median_19_times_in_20(self) -> None:
        rng = np.random.default_rng(3)
        truth = 1 + 0.1 * math.log(2)
        found = [steady.median_interval(noisy(rng, 30)) for _ in range(2000)]
        assert 0.95 <= sum(each.low <= truth <= each.high for each in found) / 2000 <= 0.97

    def test_one_wild_lap_moves_it_by_a_rank_at_most(self) -> None:
        laps = [float(rank) for rank in range(1, 22)]
        calm, wild = steady.median_interval(laps), steady.median_interval([*laps[1:], 1e9])
        assert (wild.value, wild.low, wild.high) == (calm.value + 1, calm.low + 1, calm.high + 1)


def test_mad_worked_by_hand() -> None:
    assert steady.mad([1, 1, 2, 2, 4, 6, 9]) == 1
    assert math.isnan(steady.mad([]))


def test_enough_is_within_one_per_cent_on_either_side() -> None:
    assert steady.enough([0.991, 1.0, 1.0, 1.0, 1.0, 1.009])
    assert not steady.enough([0.991, 1.0, 1.0, 1.0, 1.0, 1.011])
    assert not steady.enough([0.989, 1.0, 1.0, 1.0, 1.0, 1.009])
    assert not steady.enough([1.0] * 5)
    assert steady.enough([1.0] * 6)


def test_alike_knows_a_change_from_scatter() -> None:
    assert steady.alike([1.0] * 6, [1.02] * 6)
    assert not steady.alike([1.0] * 6, [1.03] * 6)
    assert steady.alike([1.0, 1.2, 1.1, 1.3, 1.25, 1.15], [1.05, 1.22, 1.35, 1.12, 1.28, 1.4])
    assert steady.alike([1.0] * 2, [1.03] * 2)  # too few to tell


def test_processes_count_and_not_their_laps() -> None:
    """Logarithms 1, 2, 3, 4, 5 have the t interval 3 +- 1.9632."""
    found = steady.over_processes([math.exp(value) for value in (1, 2, 3, 4, 5)])
    assert (math.log(found.value), found.n) == (pytest.approx(3), 5)
    assert (math.log(found.low), math.log(found.high)) == pytest.approx((1.0367568, 4.9632432), abs=1e-6)


def test_one_process_has_no_interval() -> None:
    found = steady.over_processes([512.0])
    assert found.value == pytest.approx(512)
    assert not found.has_interval


@settings(deadline=None)
@given(st.lists(seconds, min_size=2, max_size=10))
def test_a_rate_and_its_time_say_the_same(times: list[float]) -> None:
    time, rate = steady.over_processes(times), steady.over_processes([1 / time for time in times])
    assert 1 / rate.value == pytest.approx(time.value)
    if rate.low > 1e-300:
        assert 1 / rate.low == pytest.approx(time.high, rel=1e-6)


def test_interval_over_processes_covers_19_times_in_20() -> None:
    rng = np.random.default_rng(4)
    found = [steady.over_processes(np.exp(rng.normal(0, 0.03, 3)).tolist()) for _ in range(2000)]
    assert 0.935 <= sum(each.low <= 1 <= each.high for each in found) / 2000 <= 0.965


class TestOverBatches:
    def test_holds_the_truth_although_laps_resemble_their_neighbours(self) -> None:
        """An autoregression with r = 0.8, of which the distribution-free interval of independent laps knows nothing."""
        rng = np.random.default_rng(3)
        noise = signal.lfilter([0.6], [1, -0.8], rng.normal(size=(1000, 220)))[:, 20:]
        found = [steady.over_batches(np.exp(0.08 * laps).tolist()) for laps in noise]
        naive = [steady.median_interval(np.exp(0.08 * laps).tolist()) for laps in noise]
        assert np.mean([each.low <= 1 <= each.high for each in found]) >= 0.93
        assert np.mean([each.low <= 1 <= each.high for each in naive]) < 0.7

    def test_needs_twenty_laps(self) -> None:
        assert not steady.over_batches([1.0] * 19).has_interval
        assert steady.over_batches([1.0] * 20) == Estimate(1.0, 1.0, 1.0, 1)
