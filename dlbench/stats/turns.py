"""Two sides whose laps take turns: how far apart they are, and when that is known well enough to stop.

Only pairs of fresh processes are independent; blocks of laps within a pair resemble their neighbours and share their
processes' luck. So the interval is Student's over pairs. A pair counts with the mean of its blocks without the fifth at
either end, as another program may take the core during any lap. A few pairs may agree better by chance than their own
blocks allow, so the blocks' scatter, corrected for their correlation, is the least that is assumed.

Whoever looks again and again finds a difference by chance at some time. The rule is Haybittle's (1971) and Peto's
(1976): every look before the last one is at EARLY, 0.1 %, and the last at the rest of 5 %. The levels add up to 5 %, so
by Bonferroni's inequality at most 5 % of comparisons of a thing with itself find a difference, however the looks depend
on each other. For the same reason all intervals, each at the level of its look, hold at once (repeated confidence
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
    """The level of the look after `pairs` pairs, of at most `most`."""
    return EARLY if pairs < most else 1 - LEVEL - EARLY * max(0, most - FEWEST_PAIRS)


def difference(pairs: Sequence[Sequence[float]], alpha: float, practical: float = PRACTICAL) -> Difference:
    """The ratio new / base from logarithms of ratios, one a block of laps, of one or more pairs of processes.

    The interval is of level 1 - alpha. A difference is real if p < alpha and it is beyond `practical`.
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
    """The mean of the blocks without the fifth at either end."""
    cut = int(TRIMMED * len(blocks))
    return estimates.mean(sorted(blocks)[cut : len(blocks) - cut])


def within(pairs: Sequence[Sequence[float]]) -> float:
    """The variance of a pair's trimmed mean because its blocks scatter; 0 where no pair has two blocks.

    It is Tukey's and McLaughlin's (1963), of Winsorised blocks, as an autoregression of first order: a correlation r of
    neighbours multiplies it by (1 + r) / (1 - r). A negative correlation counts as none.
    """
    deviations = [_winsorised(blocks) for blocks in pairs if len(blocks) > 1]
    squares = math.fsum(d * d for pair in deviations for d in pair)
    if not squares:
        return 0.0
    products = math.fsum(a * b for pair in deviations for a, b in itertools.pairwise(pair))
    r = min(max(products / squares, 0.0), 0.9)
    return estimates.mean([_variance(pair) for pair in deviations]) * (1 + r) / (1 - r)


def _winsorised(blocks: Sequence[float]) -> list[float]:
    """Deviations of the blocks from their mean, after those that a trimmed mean leaves out are moved to the nearest."""
    ordered, cut = sorted(blocks), int(TRIMMED * len(blocks))
    moved = [min(max(block, ordered[cut]), ordered[-1 - cut]) for block in blocks]
    return [block - estimates.mean(moved) for block in moved]


def _variance(winsorised: Sequence[float]) -> float:
    """The variance of a pair's trimmed mean if its blocks are independent."""
    n = len(winsorised)
    left = n - 2 * int(TRIMMED * n)
    return math.fsum(d * d for d in winsorised) / (n - 1) * n / left**2
