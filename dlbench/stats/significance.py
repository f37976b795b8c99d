"""How surprising a result is if a claim is false: two-sided p-values, and Holm's correction of several."""

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
    """Student's test (1908) of whether a mean is zero; the sign test if all values are equal, but for rounding.

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
    """The p of a value with a 95 % interval, by the normal distribution: 5 % where the end nearer zero is zero."""
    half = abs(estimate.value - (estimate.low if estimate.value > 0 else estimate.high))
    if not estimate.has_interval or estimate.value == 0:
        return 1.0
    return float(2 * special.ndtr(special.ndtri(ALPHA / 2) * abs(estimate.value) / half)) if half else 0.0


def of_draw(below: int, alike: int, above: int) -> float:
    """The p of a draw that comes from the same distribution as others: so many are below it, alike and above it.

    Among n + 1 draws from one distribution, whatever it is, every rank is equally likely (order statistics), so the
    outermost 2.5 % of ranks on either side are just as rare. Ties count in its favour.
    """
    nearer_end = min(below, above) + alike + 1
    return min(1.0, 2 * nearer_end / (below + alike + above + 1))


def holm(ps: Sequence[float]) -> list[float]:
    """Corrected ps: if all those up to ALPHA are believed, any of them is wrong in at most ALPHA of cases.

    Holm 1979, A Simple Sequentially Rejective Multiple Test Procedure; tests may depend on each other in any way.
    """
    corrected, largest = [math.nan] * len(ps), 0.0
    for rank, index in enumerate(sorted(range(len(ps)), key=lambda index: ps[index])):
        largest = max(largest, min(1.0, (len(ps) - rank) * ps[index]))
        corrected[index] = largest
    return corrected
