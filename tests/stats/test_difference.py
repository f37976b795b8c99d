"""Differences with known answers, against scipy, and how often chance is taken for one."""

import itertools
import math

import numpy as np
import pytest
from scipy import stats

from dlbench.stats.difference import mann_whitney, of_pairs, of_speeds

TRIALS = 1000
TOLERANCE = 3 * math.sqrt(0.05 * 0.95 / TRIALS)  # three binomial standard deviations: 2.1 points


class TestSpeeds:
    base, slower = [100.0, 101.0, 99.0, 100.5, 99.5], [95.0, 96.0, 94.0, 95.5, 94.5]

    def test_interval_is_welch_s_on_the_logarithms(self) -> None:
        rng = np.random.default_rng(1)
        base, new = rng.lognormal(0, 0.02, 5), rng.lognormal(0.1, 0.05, 8)
        found = of_speeds(list(base), list(new)).estimate
        expected = stats.ttest_ind(np.log(new), np.log(base), equal_var=False)
        low, high = expected.confidence_interval()
        assert found.value == pytest.approx(stats.gmean(new) / stats.gmean(base))
        assert (found.low, found.high) == (pytest.approx(math.exp(low)), pytest.approx(math.exp(high)))
        assert found.n == 5

    def test_a_rate_and_the_time_it_stands_for_get_the_same_answer(self) -> None:
        rates = of_speeds(self.base, self.slower)
        times = of_speeds([1 / rate for rate in self.base], [1 / rate for rate in self.slower])
        assert times.estimate.value == pytest.approx(1 / rates.estimate.value)
        assert times.estimate.low == pytest.approx(1 / rates.estimate.high)
        assert times.p == rates.p
        assert times.is_real
        assert rates.is_real

    def test_three_processes_a_side_cannot_tell_and_four_can(self) -> None:
        three = of_speeds(self.base[:3], self.slower[:3])
        assert not three.is_real
        assert math.isnan(three.p)
        assert not three.is_same()
        assert three.needed() == 4
        assert of_speeds(self.base[:4], self.slower[:4]).p == pytest.approx(2 / 70)
        assert of_speeds(self.base[:4], self.slower[:4]).is_real

    def test_a_trifle_is_not_real_however_sure_it_is(self) -> None:
        base = [100 + 0.01 * number for number in range(8)]
        found = of_speeds(base, [0.995 * value for value in base])
        assert found.p < 0.001
        assert not found.is_real
        assert found.is_same()
        assert of_speeds(base, [0.995 * value for value in base], practical=0.004).is_real

    def test_what_ranks_call_but_the_interval_does_not_is_not_real(self) -> None:
        found = of_speeds(self.base, [95.0, 94.0, 96.0, 93.0, 20.0])
        assert found.p < 0.01
        assert found.estimate.low < 1 < found.estimate.high
        assert not found.is_real
        assert not found.is_same()

    def test_one_process_gives_no_interval_and_identical_values_are_the_same(self) -> None:
        assert not of_speeds([1.0], [2.0]).estimate.has_interval
        assert of_speeds([7.0], [7.0]).is_same()
        assert not of_speeds([7.0], [7.1]).is_same()
        assert of_speeds([7.0] * 4, [7.5] * 4).is_real

    def test_same_only_where_the_whole_interval_lies_within_the_margin(self) -> None:
        found = of_speeds([100, 101, 99, 100], [100.5, 99.5, 101.5, 98.5])
        assert found.is_same(0.05)
        assert not found.is_same(0.01)

    def test_more_processes_are_asked_for_where_these_scatter(self) -> None:
        """Half the interval is 15 %, the margin 5 %: nine times as many."""
        base, new = [100.0, 110.0, 90.0, 100.0, 100.0], [101.0, 110.0, 91.0, 100.0, 99.0]
        found = of_speeds(base, new)
        half = math.log(found.estimate.high / found.estimate.low) / 2
        left = math.log(1.05) - abs(math.log(found.estimate.value))
        assert found.needed() == math.ceil(5 * (half / left) ** 2) > 5

    def test_zero_is_no_speed(self) -> None:
        with pytest.raises(ValueError, match="above zero"):
            of_speeds([1.0, 0.0], [1.0, 1.0])


class TestMannWhitney:
    def test_without_ties_it_is_scipy_s_exact_test(self) -> None:
        rng = np.random.default_rng(2)
        base, new = list(rng.normal(size=6)), list(rng.normal(0.8, size=9))
        assert mann_whitney(base, new) == stats.mannwhitneyu(base, new, method="exact").pvalue

    def test_with_ties_it_is_the_share_of_all_rankings_as_extreme(self) -> None:
        """Counted over the 126 ways to deal nine values into five and four."""
        base, new = [1.0, 2.0, 2.0, 3.0, 3.0], [3.0, 4.0, 4.0, 5.0]
        pooled = base + new

        def statistic(chosen: tuple[int, ...]) -> float:
            others = [pooled[place] for place in range(9) if place not in chosen]
            return sum((a > b) + (a == b) / 2 for a in others for b in (pooled[place] for place in chosen))

        seen = statistic((0, 1, 2, 3, 4))
        every = [statistic(chosen) for chosen in itertools.combinations(range(9), 5)]
        tail = min(sum(each >= seen for each in every), sum(each <= seen for each in every)) / len(every)
        assert mann_whitney(base, new) == pytest.approx(2 * tail)

    def test_large_samples_take_no_age_and_constant_ones_no_test(self) -> None:
        assert mann_whitney(list(range(500)), [value + 0.5 for value in range(500)]) > 0.9
        assert mann_whitney([1.0] * 500, [1.0] * 500) == 1


class TestPairs:
    def test_it_is_scipy_s_paired_t_test_over_the_shared_seeds(self) -> None:
        base, new = {0: 9.1, 1: 8.7, 2: 9.4, 3: 9.0, 7: 50.0}, {0: 9.6, 1: 9.0, 2: 9.9, 3: 9.9, 8: 1.0}
        found = of_pairs(base, new)
        expected = stats.ttest_rel([new[seed] for seed in range(4)], [base[seed] for seed in range(4)])
        low, high = expected.confidence_interval()
        assert found.p == pytest.approx(expected.pvalue)
        assert (found.estimate.low, found.estimate.high) == (pytest.approx(low), pytest.approx(high))
        assert found.estimate.n == 4
        assert found.is_real

    def test_identical_in_every_seed_is_the_same_even_for_one(self) -> None:
        assert of_pairs({0: 1.0}, {0: 1.0}).is_same(0.0)
        assert of_pairs({0: 1.0, 1: 2.0}, {0: 1.0, 1: 2.0}).is_same(0.0)

    def test_one_seed_cannot_tell(self) -> None:
        found = of_pairs({0: 1.0}, {0: 5.0})
        assert not found.is_real
        assert not found.is_same(100.0)
        assert found.needed(1.0) == 2

    def test_the_same_count_in_every_seed_has_no_known_scatter(self) -> None:
        """One of 360 test images, in each of two to five seeds: likely enough by chance; in six it is not."""
        few = of_pairs(dict.fromkeys(range(5), 3.0), dict.fromkeys(range(5), 3.0 + 1 / 3.6))
        assert not few.is_real
        assert not few.is_same(10.0)
        assert few.needed(10.0) == 6
        assert of_pairs(dict.fromkeys(range(6), 3.0), dict.fromkeys(range(6), 3.0 + 1 / 3.6)).is_real

    def test_no_shared_seed_is_no_pair(self) -> None:
        with pytest.raises(ValueError, match="no seed"):
            of_pairs({0: 1.0}, {1: 1.0})


class TestHowOftenItErrs:
    @pytest.mark.parametrize(("n", "sd"), [(4, 0.01), (5, 0.01), (5, 0.1), (8, 0.03)])
    def test_two_runs_of_the_same_are_called_different_at_most_5_percent_of_the_time(self, n: int, sd: float) -> None:
        rng = np.random.default_rng(n)
        draws = rng.lognormal(0, sd, (TRIALS, 2, n)).tolist()
        assert sum(of_speeds(*draw).is_real for draw in draws) / TRIALS <= 0.05 + TOLERANCE

    def test_a_5_percent_slowdown_is_called_at_least_95_percent_of_the_time(self) -> None:
        """Five processes a side that scatter by 1 %."""
        rng = np.random.default_rng(0)
        base, new = (rng.lognormal(math.log(speed), 0.01, (TRIALS, 5)).tolist() for speed in (1, 1 / 1.05))
        assert sum(of_speeds(*pair).is_real for pair in zip(base, new, strict=True)) / TRIALS >= 0.95

    @pytest.mark.parametrize("seeds", [2, 3, 5])
    @pytest.mark.parametrize("error", [0.005, 0.1])
    def test_errors_counted_on_few_test_examples_differ_no_oftener(self, seeds: int, error: float) -> None:
        """Errors on 360 examples come in steps of 0.28 points, and differences of few seeds are often alike."""
        rng = np.random.default_rng(seeds)
        draws = (100 / 360 * rng.binomial(360, error, (TRIALS, 2, seeds))).tolist()
        called = [of_pairs(dict(enumerate(base)), dict(enumerate(new))).is_real for base, new in draws]
        assert sum(called) / TRIALS <= 0.05 + TOLERANCE
