"""Two sides whose laps take turns: how far apart they are, and when that is known well enough to stop.

Pairs of fresh processes are what is drawn independently; blocks of laps within a pair resemble their neighbours, and
share what belongs to their processes. So the interval is Student's over pairs, of which each counts by the mean of its
blocks without the fifth at either end: another program may take the core during any lap. A few pairs may agree by
chance better than their own blocks allow, so the blocks' scatter, corrected for their correlation, is its floor.

Looking at chance again and again would let it oblige. The rule is Haybittle's (1971) and Peto's (1976): every look
before the last one is at EARLY, 0.1 %, and the last at what is left of 5 %. The levels add up to 5 %, so by
Bonferroni's inequality no more than 5 % of comparisons of a thing with itself are ever told apart, however looks
depend on each other. All intervals, each at its look's level, hold together for the same reason (repeated confidence
intervals, Jennison and Turnbull 1989), so one may stop because sides are alike as well as because they differ.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from typing import Final

from scipy import special

from dlbench.stats import estimates
from dlbench.stats.difference import PRACTICAL, Difference
from dlbench.stats.estimates import LEVEL, Estimate

FEWEST_PAIRS: Final = 4  # before the first look
EARLY: Final = 0.001
TRIMMED: Final = 0.2  # of a pair's blocks, at either end


def level(pairs: int, most: int) -> float:
    """The level of the look after so many pairs, of at most so many."""
    return EARLY if pairs < most else 1 - LEVEL - EARLY * max(0, most - FEWEST_PAIRS)


def difference(pairs: Sequence[Sequence[float]], alpha: float, practical: float = PRACTICAL) -> Difference:
    """The ratio new / base from logarithms of ratios, one a block of laps, of one or more pairs of processes.

    The interval is of level 1 - alpha. Real is what has p < alpha and lies beyond `practical`.
    """
    means, n = [trimmed_mean(blocks) for blocks in pairs], len(pairs)
    centre = estimates.mean(means)
    if n < 2:
        bare = Estimate(math.exp(centre), math.nan, math.nan, n)
        return Difference(bare, math.nan, False, False, is_ratio=True, fewest=FEWEST_PAIRS, in_turns=True)
    error = math.sqrt(max(estimates.sd(means) ** 2, within(pairs)) / n)
    half = float(special.stdtrit(n - 1, 1 - alpha / 2)) * error
    p = float(2 * special.stdtr(n - 1, -abs(centre) / error)) if error else float(centre == 0)
    is_real = n >= FEWEST_PAIRS and p < alpha and abs(centre) > math.log1p(practical)
    estimate = Estimate(math.exp(centre), math.exp(centre - half), math.exp(centre + half), n)
    return Difference(estimate, p, is_real, identical=False, is_ratio=True, fewest=FEWEST_PAIRS, in_turns=True)


def trimmed_mean(blocks: Sequence[float]) -> float:
    """The mean of what is left without the fifth at either end."""
    cut = int(TRIMMED * len(blocks))
    return estimates.mean(sorted(blocks)[cut : len(blocks) - cut])


def within(pairs: Sequence[Sequence[float]]) -> float:
    """The variance that a pair's trimmed mean has because its blocks scatter; 0 where no pair has two blocks.

    It is Tukey's and McLaughlin's (1963), of Winsorised blocks, taken for an autoregression of first order: neighbours
    with a correlation r multiply it by (1 + r) / (1 - r). Neighbours that swing against each other get no credit.
    """
    several = [_winsorised(blocks) for blocks in pairs if len(blocks) > 1]
    squares = math.fsum(d * d for pair in several for d in pair)
    if not squares:
        return 0.0
    products = math.fsum(a * b for pair in several for a, b in itertools.pairwise(pair))
    r = min(max(products / squares, 0.0), 0.9)
    return estimates.mean([_variance(pair) for pair in several]) * (1 + r) / (1 - r)


def _winsorised(blocks: Sequence[float]) -> list[float]:
    """Deviations from the mean of blocks of which those that a trimmed mean leaves out move to the nearest one left."""
    ordered, cut = sorted(blocks), int(TRIMMED * len(blocks))
    moved = [min(max(block, ordered[cut]), ordered[-1 - cut]) for block in blocks]
    return [block - estimates.mean(moved) for block in moved]


def _variance(winsorised: Sequence[float]) -> float:
    """Of a pair's trimmed mean, if its blocks are independent."""
    n = len(winsorised)
    left = n - 2 * int(TRIMMED * n)
    return math.fsum(d * d for d in winsorised) / (n - 1) * n / left**2
