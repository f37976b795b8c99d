"""Whether two sides differ: speeds of independent processes, scores of the same seeds; pure functions of numbers.

Three answers are possible: a real difference, no difference worth the name, or that these measurements cannot tell. The
third is not the second: `Difference.needed` says how many measurements might tell.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from scipy import special  # scipy.stats would cost a second at start-up

from dlbench.stats import estimates
from dlbench.stats.estimates import LEVEL, Estimate

ALPHA: Final = 1 - LEVEL
FEWEST_PROCESSES: Final = 4  # a side: 2 of 70 rankings are as extreme as can be, p = 0.029; with three, p = 0.1
FEWEST_SEEDS: Final = 2
FEWEST_COMMITS: Final = 4
FEWEST_SIGNS: Final = 6  # seeds: 2 of 64 patterns of signs are as extreme as can be, p = 0.031
PRACTICAL: Final = 0.01
MARGIN: Final = 0.05
EXHAUSTIVE: Final = 20_000  # rankings: up to so many, ties are reckoned with exactly
MOST_EXACT: Final = 60  # values a side; far beyond it the normal approximation is exact enough, and instant


@dataclass(frozen=True)
class Difference:
    """How far `new` lies from `base`.

    estimate: of the ratio new / base if `is_ratio`, else of the difference new - base, with its 95 % interval; n is the
    smaller side's number of processes, or the number of shared seeds.
    p: probability of a difference at least this large by chance alone, two-sided; NaN where nothing could be tested.
    is_real: whether chance is ruled out and the difference is large enough to matter.
    identical: every value is the same on both sides.
    fewest: measurements (a side, or seeds) below which no answer is possible.
    in_turns: whether n counts pairs of processes whose laps took turns; the interval may then be of another level.
    of_commits: whether n counts earlier commits, and the interval is of one more.
    """

    estimate: Estimate
    p: float
    is_real: bool
    identical: bool
    is_ratio: bool
    fewest: int
    in_turns: bool = False
    of_commits: bool = False

    def is_same(self, margin: float = MARGIN) -> bool:
        """Whether the difference is known to stay within the margin: a share of a ratio, else in the values' unit."""
        if self.identical:
            return True
        low, high = self._distance(self.estimate.low), self._distance(self.estimate.high)
        return self._is_testable and -self._allowed(margin) <= low and high <= self._allowed(margin)

    def needed(self, margin: float = MARGIN) -> int:
        """About how many measurements (a side, or seeds) would decide, if they scatter as these did.

        Half the interval must become shorter than the difference (then it is real) or than the rest of the margin (then
        there is none), whichever is easier; it shrinks with the square root of n.
        """
        n, estimate = self.estimate.n, self.estimate
        if not (self._is_testable and estimate.has_interval):
            return max(self.fewest, n + 1 if n >= self.fewest else 0)
        half = (self._distance(estimate.high) - self._distance(estimate.low)) / 2
        distance = abs(self._distance(estimate.value))
        aim = max(distance, self._allowed(margin) - distance)
        return max(self.fewest, n + 1, math.ceil(n * (half / aim) ** 2) if aim > 0 else 0)

    @property
    def _is_testable(self) -> bool:
        return self.estimate.n >= self.fewest

    def _distance(self, value: float) -> float:
        """From no difference: 0 for a ratio of 1."""
        return math.log(value) if self.is_ratio and value > 0 else value

    def _allowed(self, margin: float) -> float:
        return math.log1p(margin) if self.is_ratio else margin


def of_speeds(base: Sequence[float], new: Sequence[float], practical: float = PRACTICAL) -> Difference:
    """Ratio new / base of values from independent processes, all above zero and at least one a side.

    The estimate is the ratio of geometric means. Its interval is Welch's (1947, unequal variances) on the logarithms,
    so that a rate and its time get the same answer; it assumes that the logarithms are roughly normal. The test does
    not: Mann and Whitney's (1947), from the exact distribution of ranks, needs only independent processes, so laps of
    one process are no values for it. It cannot reach p < 0.05 with fewer than four processes a side: below that no
    difference is called real.

    A difference is real if p < 0.05, the interval leaves out 1 (so that no table contradicts its verdict: an outlier
    widens the interval and does not change ranks) and the ratio is beyond `practical`, 1 %: code that merely lies
    elsewhere in memory changes a process's speed by about as much (Mytkowicz et al. 2009, "Producing wrong data without
    doing anything obviously wrong!"), and with enough processes any such trifle becomes significant. Raises ValueError
    for values of zero or less.
    """
    if min(*base, *new) <= 0:
        raise ValueError("speeds are compared as a ratio, which takes values above zero")
    n, identical = min(len(base), len(new)), len({*base, *new}) == 1
    estimate = _ratio([math.log(value) for value in base], [math.log(value) for value in new])
    p = mann_whitney(base, new) if n >= FEWEST_PROCESSES else math.nan
    beyond_chance = p < ALPHA and not estimate.low <= 1 <= estimate.high
    is_real = beyond_chance and abs(math.log(estimate.value)) > math.log1p(practical)
    return Difference(estimate, p, is_real, identical, is_ratio=True, fewest=FEWEST_PROCESSES)


def of_newest(past: Sequence[float], new: Sequence[float], practical: float = PRACTICAL) -> Difference:
    """Ratio of the newest commit's mean to that of earlier ones, each a value of `past`; all above zero.

    Processes of a commit share their hour, and hours differ: what the newest is held against is how commits scatter
    among each other. The interval is Student's for one more draw of the same kind, on the logarithms; it assumes that
    these are roughly normal. Where all of the past is alike, ranks decide. Real means the same as in `of_speeds`.
    """
    logs = [math.log(value) for value in past]
    n, distance = len(logs), math.log(estimates.mean(new)) - estimates.mean(logs)
    ratio, identical = math.exp(distance), len({*past, *new}) == 1
    if n < 2:
        return Difference(
            Estimate(ratio, math.nan, math.nan, n), math.nan, False, identical, True, FEWEST_COMMITS, of_commits=True
        )
    error = estimates.sd(logs) * math.sqrt(1 + 1 / n)
    half = float(special.stdtrit(n - 1, (1 + LEVEL) / 2)) * error
    estimate = Estimate(ratio, math.exp(distance - half), math.exp(distance + half), n)
    p = float(2 * special.stdtr(n - 1, -abs(distance) / error)) if error else mann_whitney(past, new)
    is_real = n >= FEWEST_COMMITS and p < ALPHA and abs(distance) > math.log1p(practical)
    return Difference(estimate, p, is_real, identical, is_ratio=True, fewest=FEWEST_COMMITS, of_commits=True)


def of_pairs(base: Mapping[int, float], new: Mapping[int, float]) -> Difference:
    """Difference new - base of the scores of the same seeds; mappings go from seed to value, with a seed in common.

    Student's t (1908) on the differences seed by seed: seeds are independent, and differences roughly normal. What a
    seed has in common on both sides (its first weights, its batches) cancels. One seed gives no interval. Scores are
    counts on a finite test set: where all seeds differ by the same count, their scatter is unknown, not zero, and the
    exact sign test decides, which needs six seeds.
    """
    seeds = sorted(base.keys() & new.keys())
    differences = [new[seed] - base[seed] for seed in seeds]
    if not differences:
        raise ValueError("no seed is shared")
    mean, n = estimates.mean_interval(differences), len(seeds)
    if not any(differences):
        return Difference(mean, 1.0 if n >= FEWEST_SEEDS else math.nan, False, True, False, FEWEST_SEEDS)
    if n >= FEWEST_SEEDS and estimates.sd(differences) <= 1e-9 * abs(mean.value):  # the same count, but for rounding
        p = 2.0 ** (1 - n)
        bare = Estimate(mean.value, math.nan, math.nan, n)
        return Difference(bare, p, p < ALPHA, False, False, FEWEST_SIGNS)
    p = _student_p(differences)
    return Difference(mean, p, p < ALPHA, False, False, FEWEST_SEEDS)


def mann_whitney(base: Sequence[float], new: Sequence[float]) -> float:
    """Two-sided p of the rank test: exact, ties or not, as far as rankings can be counted; asymptotic beyond."""
    from scipy import stats  # takes a second to load

    if len({*base, *new}) == 1:
        return 1.0
    method: Any = "asymptotic"
    if len({*base, *new}) == len(base) + len(new):
        method = "exact" if max(len(base), len(new)) <= MOST_EXACT else method
    elif math.comb(len(base) + len(new), len(base)) <= EXHAUSTIVE:
        method = stats.PermutationMethod(n_resamples=EXHAUSTIVE)
    return min(1.0, float(stats.mannwhitneyu(base, new, method=method).pvalue))


def _ratio(base: Sequence[float], new: Sequence[float]) -> Estimate:
    """Exp of the difference of the means of two samples of logarithms, with Welch's interval; none below two a side."""
    distance, n = estimates.mean(new) - estimates.mean(base), min(len(base), len(new))
    ratio = math.exp(distance)
    if n < 2:
        return Estimate(ratio, math.nan, math.nan, n)
    parts = [estimates.sd(side) ** 2 / len(side) for side in (base, new)]
    if sum(parts) == 0:
        return Estimate(ratio, ratio, ratio, n)
    freedom = sum(parts) ** 2 / sum(part**2 / (len(side) - 1) for part, side in zip(parts, (base, new), strict=True))
    half = float(special.stdtrit(freedom, (1 + LEVEL) / 2)) * math.sqrt(sum(parts))
    return Estimate(ratio, math.exp(distance - half), math.exp(distance + half), n)


def _student_p(differences: Sequence[float]) -> float:
    """Two-sided p of Student's t test on differences that scatter; NaN of one."""
    n, scatter = len(differences), estimates.sd(differences)
    if n < FEWEST_SEEDS:
        return math.nan
    return float(2 * special.stdtr(n - 1, -abs(estimates.mean(differences)) / (scatter / math.sqrt(n))))
