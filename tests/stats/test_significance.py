"""p-values against scipy's own tests, and against what they are for."""

import numpy as np
import pytest
from scipy import stats

from dlbench.stats import significance
from dlbench.stats.estimates import mean_interval


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
