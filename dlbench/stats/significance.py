"""How surprising a result is if nothing is true of a claim: two-sided p-values, and Holm's correction of several."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final

from scipy import special  # scipy.stats would cost a second at start-up

from dlbench.stats import estimates
from dlbench.stats.estimates import Estimate

ALPHA: Final = 1 - estimates.LEVEL
FEWEST_DRAWS: Final = 39  # the largest or smallest of 40 is as far out as can be: p = 2 / 40


def of_mean(values: Sequence[float]) -> float:
    """Student's test (1908) of whether a mean is zero; of values that are all alike, but for rounding, the sign test's.

    1 below two values. It is below 5 % if and only if Student's 95 % interval of the mean leaves zero out.
    """
    centre, n = estimates.mean(values), len(values)
    if n < 2 or centre == 0:
        return 1.0
    scatter = estimates.sd(values)
    if scatter <= 1e-9 * abs(centre):
        return 2 * 0.5**n
    return float(2 * special.stdtr(n - 1, -abs(centre) / scatter * math.sqrt(n)))


def of_interval(estimate: Estimate) -> float:
    """Of a value with a 95 % interval, by the normal distribution: 5 % where the end nearer zero is zero."""
    half = abs(estimate.value - (estimate.low if estimate.value > 0 else estimate.high))
    if not estimate.has_interval or estimate.value == 0:
        return 1.0
    return float(2 * special.ndtr(special.ndtri(ALPHA / 2) * abs(estimate.value) / half)) if half else 0.0


def of_draw(below: int, alike: int, above: int) -> float:
    """Whether one more draw is of the kind of n others, of which so many are smaller, the same and larger than it.

    Its rank among n + 1 draws of one kind is any with the same probability, whatever their distribution (order
    statistics), so that the outermost 2.5 % of ranks on either side are as rare as they sound. Ties speak for it.
    """
    nearer_end = min(below, above) + alike + 1
    return min(1.0, 2 * nearer_end / (below + alike + above + 1))


def holm(ps: Sequence[float]) -> list[float]:
    """Each p as if it stood alone: where all at most ALPHA are believed, any is wrong in at most ALPHA of cases.

    Holm 1979, A Simple Sequentially Rejective Multiple Test Procedure; it asks nothing of how the tests hang together.
    """
    corrected, largest = [math.nan] * len(ps), 0.0
    for rank, place in enumerate(sorted(range(len(ps)), key=lambda place: ps[place])):
        largest = max(largest, min(1.0, (len(ps) - rank) * ps[place]))
        corrected[place] = largest
    return corrected
