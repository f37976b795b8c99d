"""The statistics of comparing a thing with itself: by hand where that is possible, else by simulation."""

import math
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dlbench.judge.metrics import BIGGER, SMALLER
from dlbench.stats import difference
from dlbench.stats.null_check import MOST, NullCheck

VALUES = st.floats(0.1, 1000)


def noisy(chance: random.Random, rounds: int, scatter: float, *, drift: float = 0.0, rare: float = 0.0) -> NullCheck:
    """A pool of a machine whose processes scatter by so much; some of them, rarely, are five times as far off."""

    def value(number: int) -> float:
        return math.exp(drift * number + chance.gauss(0, scatter * (5 if chance.random() < rare else 1)))

    return NullCheck([(value(number), value(number)) for number in range(rounds)], size=5)


def distance(check: NullCheck) -> float:
    """Of all that was measured, on the log scale."""
    return sum(math.log(new / base) for base, new in check.rounds) / len(check.rounds)


class TestComparisons:
    def test_every_choice_of_rounds_and_sides(self) -> None:
        found = NullCheck([(1, 2), (3, 4), (5, 6)], size=2).comparisons
        assert len(found) == len(set(found)) == 3 * 4
        assert ((1, 4), (2, 3)) in found  # the second round turned round

    def test_a_process_is_compared_with_that_of_its_own_round(self) -> None:
        for base, new in NullCheck([(k, -k) for k in range(1, 11)], size=5).comparisons:
            assert [-value for value in base] == list(new)

    def test_a_large_pool_is_drawn_from_the_same_way_each_time(self) -> None:
        pool = [(1.0 + k, 1.5 + k) for k in range(20)]
        assert len(NullCheck(pool, 5).comparisons) == MOST
        assert NullCheck(pool, 5).comparisons == NullCheck(pool, 5).comparisons

    @given(st.lists(st.tuples(VALUES, VALUES), min_size=4, max_size=6))
    def test_neither_side_is_favoured(self, pool: list[tuple[float, float]]) -> None:
        """Each comparison stands beside its mirror image."""
        found = NullCheck(pool, 4).comparisons
        assert sorted(found) == sorted((new, base) for base, new in found)


class TestTells:
    def test_by_hand(self) -> None:
        """Rounds that differ by 10 % each: signs add up to 4, 2 or 0 of 4, the whole distance in 2 of 16 (over 5 %)."""
        check = NullCheck([(100, 110), (80, 88), (50, 55), (20, 22)], size=4)
        assert check.chance_distance == pytest.approx(math.log(1.1) * check.stretch)
        assert check.stretch == pytest.approx(2.776 / 1.960, rel=1e-3)  # Student's t of 4 degrees of freedom

    @given(st.lists(st.tuples(VALUES, VALUES), min_size=4, max_size=6))
    def test_a_rate_and_the_time_it_stands_for_tell_the_same(self, pool: list[tuple[float, float]]) -> None:
        rates, times = NullCheck(pool, 4), NullCheck([(1 / one, 1 / other) for one, other in pool], 4)
        assert rates.chance_distance == pytest.approx(times.chance_distance)
        assert 1 - rates.chance_share(BIGGER) == pytest.approx(1 / (1 + times.chance_share(SMALLER)))

    @pytest.mark.parametrize("rounds", [8, 10])
    def test_chance_exceeds_it_in_5_per_cent_of_new_comparisons(self, rounds: int) -> None:
        """300 machines, each with a pool and a gate of its own in which nothing has changed."""
        chance = random.Random(1)
        beyond = 0
        for _ in range(300):
            check = noisy(chance, rounds, 0.02)
            beyond += abs(distance(noisy(chance, 5, 0.02))) > check.chance_distance
        assert 0.02 < beyond / 300 < 0.09

    def test_without_the_stretch_it_would_be_more(self) -> None:
        chance = random.Random(1)
        beyond = 0
        for _ in range(300):
            check = noisy(chance, 8, 0.02)
            beyond += abs(distance(noisy(chance, 5, 0.02))) > check.chance_distance / check.stretch
        assert beyond / 300 > 0.07

    def test_a_drift_is_not_taken_for_noise(self) -> None:
        steady, drifting = (noisy(random.Random(2), 10, 0.01, drift=drift).chance_distance for drift in (0.0, 0.1))
        assert drifting == pytest.approx(steady)


class TestAlarms:
    def test_by_hand(self) -> None:
        """Only where all four rounds lie the same way is a difference beyond chance, in 1 of 16 for the worse."""
        check = NullCheck([(100, 111), (101, 112), (102, 113), (103, 114)], size=4)
        assert check.alarms(0.05, BIGGER) == check.alarms(0.05, SMALLER) == 1 / 16
        assert check.alarms(0.2, BIGGER) == 0

    def test_no_more_than_chance_allows_once_widened(self) -> None:
        chance = random.Random(3)
        for _ in range(10):
            check = noisy(chance, 10, 0.1)
            assert check.alarms(check.chance_share(BIGGER), BIGGER) <= 0.05

    def test_are_what_a_gate_would_breach(self) -> None:
        check = NullCheck([(100 + k, 112 + k) for k in range(6)], size=5)
        found = [difference.of_speeds(*each) for each in check.comparisons]
        worse = sum(each.is_real and each.estimate.value < 0.98 for each in found)
        assert check.alarms(0.02, BIGGER) == worse / len(check.comparisons) == 1 / 32

    @pytest.mark.parametrize("rare", [0, 0.1])
    @pytest.mark.parametrize("limit", [0, 0.05])
    def test_of_a_widened_limit_are_rare_even_where_some_processes_are_far_off(self, rare: float, limit: float) -> None:
        """The rank test has to agree: pools and gates of 200 machines, as in the verb."""
        chance = random.Random(5)
        alarms = 0
        for _ in range(200):
            widened = max(limit, noisy(chance, 10, 0.02, rare=rare).chance_share(BIGGER))
            gate = difference.of_speeds(*zip(*noisy(chance, 5, 0.02, rare=rare).rounds, strict=True))
            alarms += gate.is_real and 1 - gate.estimate.value > widened
        assert alarms / 200 < 0.03
