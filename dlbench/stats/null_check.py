"""Comparisons of a thing with itself: how often they raise a false alarm, and how large a difference chance can make.

Rounds in which the same thing was measured twice in a row are like a gate's rounds if nothing has changed. Every choice
of as many rounds as the gate takes, with either value of a round as the new side, is one comparison, as in a restricted
randomisation test (Edgington and Onghena 2007, "Randomization tests", on randomised blocks). Sides are swapped only
within their round, so a drift from round to round cancels here as it does in the gate; groups drawn at random from all
processes would count it as noise.
"""

from __future__ import annotations

import itertools
import math
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Final

from scipy import special

from dlbench.stats import difference, estimates
from dlbench.stats.estimates import LEVEL

MOST: Final = 1000  # comparisons: more would say the same
Pair = tuple[float, float]
Comparison = tuple[tuple[float, ...], tuple[float, ...]]  # values of either side


@dataclass(frozen=True)
class NullCheck:
    """Comparisons of a thing with itself, each of `size` of these rounds; the values of a round were measured in a row.

    All values above zero; at least `size` rounds.
    """

    rounds: Sequence[Pair]
    size: int

    @cached_property
    def comparisons(self) -> list[Comparison]:
        """All possible comparisons, or MOST of them, drawn at random but always the same."""
        count = math.comb(len(self.rounds), self.size) * 2**self.size
        return list(_all(self.rounds, self.size) if count <= MOST else _drawn(self.rounds, self.size))

    @cached_property
    def chance_distance(self) -> float:
        """The distance of a ratio from 1, on the log scale, which chance alone exceeds in 5 % of comparisons.

        It is the 95 % quantile of the comparisons' distances. A few rounds give their own scatter only roughly, so the
        quantile is stretched by Student's t over the normal quantile, with as many degrees of freedom as there are
        rounds (their differences scatter about a known zero), as in a prediction interval (Hahn and Meeker 1991,
        "Statistical intervals"). That assumes roughly normal differences. Where a process is far off now and then,
        chance exceeds this in a tenth of the comparisons; but the tests seldom call such a difference real, so a limit
        as wide as this is still breached falsely in far fewer than 5 %.
        """
        distances = sorted(abs(_log_ratio(comparison)) for comparison in self.comparisons)
        quantile = distances[math.ceil(LEVEL * len(distances)) - 1]
        return quantile * self.stretch

    @cached_property
    def typical(self) -> float:
        """The geometric mean of all values."""
        return math.exp(estimates.mean([math.log(value) for pair in self.rounds for value in pair]))

    @property
    def stretch(self) -> float:
        """Student's t over the normal quantile."""
        upper = (1 + LEVEL) / 2
        return float(special.stdtrit(len(self.rounds), upper) / special.ndtri(upper))

    def chance_share(self, better: int) -> float:
        """`chance_distance` as a share by which a metric gets worse; better: +1 where more is better, else -1."""
        return _worse_by(-better * self.chance_distance, better)

    def alarms(self, allowed: float, better: int) -> float:
        """The share of comparisons in which this limit would be breached: exceeded, and beyond chance by the tests."""
        suspects = [sides for sides in self.comparisons if _worse_by(_log_ratio(sides), better) > allowed]
        return sum(difference.of_speeds(*sides, practical=0).is_real for sides in suspects) / len(self.comparisons)


def _all(rounds: Sequence[Pair], size: int) -> Iterator[Comparison]:
    for chosen in itertools.combinations(rounds, size):
        for swapped in itertools.product((False, True), repeat=size):
            yield _comparison(chosen, swapped)


def _drawn(rounds: Sequence[Pair], size: int) -> Iterator[Comparison]:
    chance = random.Random(0)
    for _ in range(MOST):
        yield _comparison(chance.sample(rounds, size), [chance.random() < 0.5 for _ in range(size)])


def _comparison(rounds: Sequence[Pair], swapped: Sequence[bool]) -> Comparison:
    turned = [pair[::-1] if swap else pair for pair, swap in zip(rounds, swapped, strict=True)]
    return tuple(base for base, _ in turned), tuple(new for _, new in turned)


def _log_ratio(sides: Comparison) -> float:
    """The logarithm of the ratio of geometric means, new to base."""
    return math.log(math.prod(new / base for base, new in zip(*sides, strict=True))) / len(sides[0])


def _worse_by(log_ratio: float, better: int) -> float:
    return -better * math.expm1(log_ratio)
