"""Where a series of values changed its level: `ruptures` finds the best cuts, a permutation test which to believe.

The test is of ranks: one slow measurement, however slow, weighs no more than the slowest of many. One cut, or two
around values that went there and back, are those that leave the least squares within pieces (Arlot et al. 2019). They
count if they gain more than a penalty for each, which series in random order, that have no change, stay below with
probability 1 - ALPHA; of ranks it depends on their number alone. Where a cut lies is then asked of the values, of whose
gaps ranks know nothing. Each piece is searched on its own, as by E-divisive (Matteson and James 2014).

It believes that values without a change could have come in any order. A machine that is slow for some days in a row
breaks that: then it marks more, and rightly says that something changed, but not that a commit did it.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, Final

from dlbench.errors import InputError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

ALPHA: Final = 0.01  # how many series without a change get a mark all the same
SHORTEST: Final = 3  # values between two cuts: one or two odd ones are no new level
FEWEST: Final = 10  # values: of fewer, no order is rare enough
MOST: Final = 200  # values, the newest: the search takes their square
SHUFFLES: Final = 5_000
COUNTS: Final = (1, 2)  # cuts at a time


def change_points(values: Sequence[float]) -> list[int]:
    """The places of values that begin a new level, ascending, among the newest MOST; none of fewer than FEWEST."""
    from scipy import stats  # takes a second to load

    if len(values) > MOST:
        return [len(values) - MOST + place for place in change_points(values[-MOST:])]
    if len(values) < FEWEST:
        return []
    penalty = _penalty(len(values))
    gain, count = max((gain - penalty * count, count) for count, gain in _gains(stats.rankdata(values)).items())
    if gain <= 0:
        return []
    cuts = _cuts(stats.zscore(values), "rbf", count)
    edges = [0, *cuts, len(values)]
    inner = [start + cut for start, end in pairwise(edges) for cut in change_points(values[start:end])]
    return sorted({*cuts, *inner})


@functools.cache
def _penalty(count: int) -> float:
    """What a cut must gain for ALPHA of the series of that many values in random order to get any."""
    import numpy as np

    generator, ranks = np.random.default_rng(0), np.arange(1.0, count + 1)
    gains = [_gains(generator.permutation(ranks)) for _ in range(SHUFFLES)]
    return float(np.quantile([max(gain / cuts for cuts, gain in of.items()) for of in gains], 1 - ALPHA))


def _gains(ranks: NDArray[np.float64]) -> dict[int, float]:
    """By how much so many cuts lessen the squares within pieces, at their best."""
    return {count: _gain(ranks, [*_cuts(ranks, "linear", count), len(ranks)]) for count in COUNTS}


def _cuts(values: NDArray[np.float64], kernel: str, count: int) -> list[int]:
    """The best places of so many cuts."""
    try:
        import ruptures
    except ImportError:
        raise InputError("change points: needs the package ruptures; pip install 'dlbench[history]'") from None
    search = ruptures.KernelCPD(kernel=kernel, min_size=SHORTEST).fit(values.reshape(-1, 1))
    return [int(end) for end in search.predict(n_bkps=count)[:-1]]


def _gain(ranks: NDArray[np.float64], ends: Sequence[int]) -> float:
    """The squares around the mean of all that are not around the means of the pieces."""
    pieces = [ranks[start:end] for start, end in zip([0, *ends], ends, strict=False)]
    return float(sum(piece.sum() ** 2 / len(piece) for piece in pieces) - ranks.sum() ** 2 / len(ranks))
