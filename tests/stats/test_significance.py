"""p-values against scipy's own tests, and against what they are for."""

import numpy as np
import pytest
from scipy import stats

from dlbench.stats import significance
from dlbench.stats.estimates import Estimate, mean_interval


@pytest.mark.parametrize("seed", range(20))
def test_the_mean_s_p_is_student_s_and_agrees_with_the_interval(seed: int) -> None:
    values = list(np.random.default_rng(seed).normal(0.7, 1, 2 + seed))
    p = significance.of_mean(values)
    assert p == pytest.approx(stats.ttest_1samp(values, 0).pvalue)
    assert (p < significance.ALPHA) == (mean_interval(values).sign != 0)


def test_values_that_are_alike_have_the_sign_test() -> None:
    assert significance.of_mean([3.0] * 6) == pytest.approx(stats.binomtest(6, 6).pvalue)
    assert significance.of_mean([3.0] * 5) > significance.ALPHA
    assert significance.of_mean([0.0] * 9) == significance.of_mean([4.0]) == 1.0


def test_the_outermost_of_40_draws_is_as_rare_as_can_be_noticed() -> None:
    fewest = significance.FEWEST_DRAWS
    assert significance.of_draw(0, 0, fewest) == significance.of_draw(fewest, 0, 0) == pytest.approx(0.05)
    assert significance.of_draw(0, 0, fewest - 1) > 0.05
    assert significance.of_draw(0, 1, fewest - 1) == pytest.approx(0.1)  # a tie is no rarity
    assert significance.of_draw(20, 0, 19) == 1.0


def test_an_interval_s_p_is_5_percent_where_its_end_is_zero() -> None:
    assert significance.of_interval(Estimate(2.0, 0.0, 9.0, 1)) == pytest.approx(0.05)
    assert significance.of_interval(Estimate(-2.0, -9.0, 0.0, 1)) == pytest.approx(0.05)
    assert significance.of_interval(Estimate(2.0, 1.0, 9.0, 1)) == pytest.approx(
        2 * stats.norm.sf(2 * 1.959964), rel=1e-4
    )
    assert significance.of_interval(Estimate(2.0, np.nan, np.nan, 1)) == 1.0


def test_holm_s_own_order() -> None:
    """Worked by hand: 3 x 0.01, 2 x 0.02, then never less than before."""
    assert significance.holm([0.02, 0.01, 0.03]) == pytest.approx([0.04, 0.03, 0.04])
    assert significance.holm([0.9, 0.8]) == [1.0, 1.0]
    assert significance.holm([]) == []


def test_holm_keeps_the_family_to_5_percent_and_finds_more_than_bonferroni() -> None:
    random, wrong, found, bonferroni = np.random.default_rng(6), 0, 0, 0
    for _ in range(2000):
        z = random.normal(size=10) + np.where(np.arange(10) < 5, 0.0, 3.3)
        ps = (2 * stats.norm.sf(abs(z))).tolist()
        believed = [p <= significance.ALPHA for p in significance.holm(ps)]
        wrong += any(believed[:5])
        found += sum(believed[5:])
        bonferroni += sum(p <= significance.ALPHA / 10 for p in ps[5:])
    assert wrong / 2000 < 0.05 + 4 * (0.05 * 0.95 / 2000) ** 0.5
    assert found > bonferroni
