"""Percentiles of measurements, each with an interval by order statistics, and how many measurements one takes."""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Sequence

import numpy as np
from scipy import special

from dlbench.stats.estimates import LEVEL, Estimate

TAIL = (1 - LEVEL) / 2


def fewest(percent: float) -> int:
    """The fewest values that give a percentile both ends of a 95 % interval: 6 for p50, 36 for p90, 368 for p99.

    With fewer, even the largest value may lie below it by more than chance allows: with q^n > 2.5 %.
    """
    share = max(percent, 100 - percent) / 100
    return math.ceil(math.log(TAIL) / math.log(share))


def percentile(values: Sequence[float], percent: float) -> Estimate:
    """A percentile with its distribution-free 95 % interval between two order statistics; NaN below `fewest` values.

    The number of values below the true one is binomial (n, q) if they are independent, and the ends leave out at most
    2.5 % of it on either side (Conover 1999, section 3.2). Between two values the percentile is on a straight line.
    """
    n, share = len(values), percent / 100
    if n < fewest(percent):
        return Estimate(math.nan, math.nan, math.nan, n)
    ordered = sorted(values)
    below = bisect_left(range(n), True, key=lambda k: special.bdtr(k, n, share) > TAIL)
    above = bisect_left(range(n), True, key=lambda k: special.bdtr(k, n, share) >= 1 - TAIL)
    return Estimate(float(np.quantile(ordered, share)), ordered[below - 1], ordered[above], n)
