"""Pairs made up so that the answer is known: intervals, their floor, and how often the rule raises a false alarm."""

import math

import numpy as np
import pytest
from scipy import signal, stats

from dlbench.stats import turns

PAIRS, BLOCKS = 10, 6


def gates(n: int, distance: float, within: float, between: float, r: float) -> list[tuple[bool, int]]:
    """Whether each of n gates tells its sides apart, and after how many pairs.

    within: deviation of a block, whose neighbours in time have the correlation r. between: of pairs.
    """
    rng = np.random.default_rng(1)
    found = []
    for _ in range(n):
        noise = signal.lfilter([math.sqrt(1 - r * r)], [1, -r], rng.normal(size=(PAIRS, BLOCKS + 30)))[:, 30:]
        found.append(_gate((distance + within * noise + between * rng.normal(size=(PAIRS, 1))).tolist()))
    return found


def _gate(pairs: list[list[float]]) -> tuple[bool, int]:
    for count in range(turns.FEWEST_PAIRS, PAIRS):
        told = turns.difference(pairs[:count], turns.level(count, PAIRS), practical=0)
        if told.is_real or told.is_same(0.05):
            return told.is_real, count
    return turns.difference(pairs, turns.level(PAIRS, PAIRS), practical=0).is_real, PAIRS


class TestRule:
    @pytest.mark.parametrize("most", [4, 5, 10, 30])
    def test_levels_add_up_to_five_percent(self, most: int) -> None:
        assert sum(turns.level(pairs, most) for pairs in range(turns.FEWEST_PAIRS, most + 1)) == pytest.approx(0.05)

    @pytest.mark.parametrize(
        ("within", "between", "r"),
        [(0.06, 0.0, 0.43), (0.06, 0.01, 0.43), (0.01, 0.02, 0.0), (0.2, 0.0, 0.3), (0.01, 0.0, 0.8)],
    )
    def test_at_most_five_percent_false_alarms(self, within: float, between: float, r: float) -> None:
        """Whatever the pairs owe their scatter to; 1.4 % is two standard errors of 1,000 gates."""
        assert np.mean([real for real, _ in gates(1000, 0.0, within, between, r)]) <= 0.05 + 0.014

    def test_nor_where_other_programs_take_the_core_now_and_then(self) -> None:
        """Tails as long as Student's with two degrees of freedom."""
        heavy = np.random.default_rng(2).standard_t(2, size=(1000, PAIRS, BLOCKS)) * 0.05
        assert np.mean([_gate(pairs.tolist())[0] for pairs in heavy]) <= 0.05 + 0.014

    def test_five_percent_are_found_on_a_machine_as_measured(self) -> None:
        """Blocks of a second that scatter by 6 %: a minute of ten pairs."""
        found = gates(500, math.log(1 / 1.05), 0.06, 0.005, 0.2)
        assert np.mean([real for real, _ in found]) >= 0.95

    def test_ten_percent_end_it_early(self) -> None:
        found = gates(200, math.log(1 / 1.1), 0.04, 0.005, 0.2)
        assert all(real for real, _ in found)
        assert np.mean([count for _, count in found]) < 7


class TestDifference:
    def test_is_student_s_of_the_means_of_pairs(self) -> None:
        means = [-0.03, -0.06, -0.02, -0.05, -0.04]
        found = turns.difference([[mean] * 4 for mean in means], 0.05)
        expected = stats.ttest_1samp(means, 0)
        low, high = expected.confidence_interval(0.95)
        assert found.p == pytest.approx(expected.pvalue)
        assert (found.estimate.low, found.estimate.high) == (
            pytest.approx(math.exp(low)),
            pytest.approx(math.exp(high)),
        )
        assert found.is_real
        assert found.estimate.n == 5

    def test_pairs_that_agree_by_chance_are_as_uncertain_as_their_blocks(self) -> None:
        blocks = [0.1, -0.2, 0.1, -0.16, 0.2, -0.1]
        found = turns.difference([blocks] * 5, 0.05)
        error = stats.mstats.trimmed_stde(np.array(blocks), limits=(1 / 6 + 1e-9,) * 2) / math.sqrt(5)
        half = stats.t.ppf(0.975, 4) * error
        assert math.log(found.estimate.high) == pytest.approx(stats.trim_mean(blocks, 0.2) + half)

    def test_blocks_that_resemble_their_neighbours_are_worth_less(self) -> None:
        ramp = [-0.2, -0.1, -0.1, 0.1, 0.1, 0.2]
        mixed = [-0.2, 0.1, -0.1, 0.2, -0.1, 0.1]
        assert turns.within([ramp] * 4) > 2 * turns.within([mixed] * 4)
        assert turns.within([[0.1]] * 4) == 0

    def test_too_few_pairs_tell_nothing(self) -> None:
        assert not turns.difference([[-0.2, -0.21]] * 3, 0.05).is_real
        one = turns.difference([[-0.2, -0.21]], 0.05)
        assert (one.estimate.has_interval, one.is_real) == (False, False)
        assert one.needed() == turns.FEWEST_PAIRS

    def test_a_trifle_is_not_real(self) -> None:
        pairs = [[0.005 + number / 1e5] * 3 for number in range(6)]
        assert not turns.difference(pairs, 0.05).is_real
        assert turns.difference(pairs, 0.05, practical=0.001).is_real
        assert turns.difference(pairs, 0.05).is_same(0.05)
