"""From lap times to a figure: when warm-up is over, the median with its interval, and whether that is precise enough.

Lap times have a floor and a long upper tail (every disturbance makes a lap longer), so all of this rests on medians.
Within a process laps resemble their neighbours, and a process keeps its luck (memory layout, which cores) to its end.
So the interval over laps says when to stop measuring, and the interval over processes is reported (Kalibera and Jones
2013, "Rigorous benchmarking in reasonable time").
"""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Sequence
from itertools import pairwise

from scipy import special

from dlbench.stats.estimates import LEVEL, Estimate, half_width, mean, mean_interval, median

WINDOW = 6  # the fewest laps that give a 95 % interval of the median
TOLERANCE = 0.02  # of the median: laps this close to it have settled
DOUBT = 0.005  # how often laps that only scatter are mistaken for laps that changed
BATCHES = 10
PRECISION = 0.01  # an interval that stays this close to its median is narrow enough


def warm_up(laps: Sequence[float], window: int = WINDOW, tolerance: float = TOLERANCE) -> int | None:
    """How many laps at the start are warm-up; None if the laps never became steady.

    The second half of the laps shows their final level. Warm-up is over at the first lap from which a window of laps
    has a median within the tolerance of that of the second half, or between its quartiles if these are wider. None if
    that takes more than the first half, if the two halves of the laps after it differ, or if there are fewer laps than
    two windows.
    """
    half = len(laps) // 2
    if half < window:
        return None
    settled = sorted(laps[half:])
    centre, quarter = median(settled), len(settled) // 4
    low = min(centre * (1 - tolerance), settled[quarter])
    high = max(centre * (1 + tolerance), settled[-1 - quarter])
    for start in range(half + 1):
        if low <= median(laps[start : start + window]) <= high:
            middle = (start + len(laps)) // 2
            return start if alike(laps[start:middle], laps[middle:], tolerance) else None
    return None


def alike(first: Sequence[float], second: Sequence[float], tolerance: float = TOLERANCE) -> bool:
    """Whether medians lie within the tolerance (a share of the second), or a rank test finds no difference.

    The test is Mann and Whitney's of 1947, at DOUBT.
    """
    if abs(median(first) - median(second)) <= tolerance * median(second):
        return True
    from scipy import stats  # takes a second to load

    return bool(stats.mannwhitneyu(first, second).pvalue >= DOUBT)


def mad(values: Sequence[float]) -> float:
    """Median absolute deviation from the median, unscaled; NaN of nothing."""
    centre = median(values)
    return median([abs(value - centre) for value in values])


def median_interval(values: Sequence[float]) -> Estimate:
    """The median with a distribution-free 95 % interval between two order statistics; none below six values.

    The k-th smallest and the k-th largest enclose the median with probability 1 - 2 P(B < k), B binomial (n, 1/2), if
    the values are independent; k is the largest with at least 95 % (Conover 1999, section 3.2).
    """
    n = len(values)
    ordered = sorted(values)
    outside = bisect_left(range(n // 2), True, key=lambda k: special.bdtr(k, n, 0.5) > (1 - LEVEL) / 2)
    if outside == 0:
        return Estimate(median(ordered), math.nan, math.nan, n)
    return Estimate(median(ordered), ordered[outside - 1], ordered[n - outside], n)


def enough(laps: Sequence[float], precision: float = PRECISION) -> bool:
    """Whether both ends of the 95 % interval of the median lie within this share of it."""
    middle = median_interval(laps)
    return (
        middle.has_interval and max(middle.high - middle.value, middle.value - middle.low) <= precision * middle.value
    )


def over_processes(medians: Sequence[float]) -> Estimate:
    """The geometric mean of the processes' medians, with Student's t interval of their logarithms; all above zero.

    On this scale a rate and its time have the same interval, and neither reaches below zero. n is the number of
    processes; one gives no interval.
    """
    centre = mean_interval([math.log(value) for value in medians])
    return Estimate(math.exp(centre.value), math.exp(centre.low), math.exp(centre.high), centre.n)


def over_batches(laps: Sequence[float]) -> Estimate:
    """The median lap of one process, with an interval that allows for laps resembling their neighbours.

    By batch means (Conway 1963): Student's interval of the logarithms of the medians of ten batches of laps in a row,
    whose variance is multiplied by (1 + r) / (1 - r), r the correlation of neighbouring batches, which ten of them
    underestimate by about a tenth. No interval below twenty laps. It misses what changes more slowly than the process
    ran, or from process to process. n is 1.
    """
    centre, size = median(laps), len(laps) // BATCHES
    if size < 2:
        return Estimate(centre, math.nan, math.nan, 1)
    start = len(laps) - BATCHES * size
    logs = [math.log(median(laps[at : at + size])) for at in range(start, len(laps), size)]
    deviations = [value - mean(logs) for value in logs]
    squares = math.fsum(d * d for d in deviations)
    products = math.fsum(a * b for a, b in pairwise(deviations))
    r = min(max(products / squares + 1 / BATCHES, 0.0), 0.9) if squares else 0.0
    half = half_width(math.sqrt(squares / (BATCHES - 1) * (1 + r) / (1 - r)), BATCHES)
    return Estimate(centre, centre * math.exp(-half), centre * math.exp(half), 1)
