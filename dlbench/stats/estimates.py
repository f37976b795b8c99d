"""Means, deviations and 95 % intervals of measurements, each with the name of its method."""

from __future__ import annotations

import math
import statistics as library
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from scipy import special  # scipy.stats would cost a second at start-up

from dlbench.stats.numerals import fixed, negligible, places_of_lone, places_of_spread

LEVEL = 0.95


@dataclass(frozen=True)
class Estimate:
    """A number worked out from measurements, its 95 % interval, and from how many measurements.

    low, high: NaN where the sample is too small to give an interval.
    bound: "≥" or "≤" where some of the measurements are only bounded, and so is this; one end is infinite then.
    """

    value: float
    low: float
    high: float
    n: int
    bound: Literal["", "≥", "≤"] = ""

    @property
    def has_interval(self) -> bool:
        """Whether both ends are numbers."""
        return math.isfinite(self.low) and math.isfinite(self.high)

    @property
    def sign(self) -> int:
        """+1 or -1 where the whole interval lies on that side of zero, else 0."""
        return (self.low > 0) - (self.high < 0)

    def scaled(self, factor: float) -> Estimate:
        """The same in another unit; `factor` > 0."""
        return replace(self, value=self.value * factor, low=self.low * factor, high=self.high * factor)

    def at_least(self) -> Estimate:
        """The same where the measurements are lower bounds."""
        return replace(self, high=math.inf, bound="≥")

    def at_most(self) -> Estimate:
        """The same where the measurements are upper bounds."""
        return replace(self, low=-math.inf, bound="≤")


@dataclass(frozen=True)
class Measure:
    """Mean, sd over n - 1 (NaN for one run) and number of several runs. Prints `9.1 ± 0.2 (n=5)`.

    never: how many runs ended before they got there, and count with the steps that they took. The mean is a lower bound
    then, without a deviation: `≥ 2988 (28 of 30 never)`.
    """

    mean: float
    sd: float
    n: int
    never: int = 0

    @classmethod
    def of(cls, values: Sequence[float], never: int = 0) -> Measure:
        """The measure of a sample of at least one value."""
        return cls(mean(values), math.nan if never else sd(values), len(values), never)

    @property
    def has_spread(self) -> bool:
        """Whether the deviation is known and more than rounding."""
        return math.isfinite(self.sd) and not negligible(self.sd, self.mean)

    @property
    def places(self) -> int:
        """Decimal places this measure deserves on its own."""
        return max(places_of_spread(self.sd), 1) if self.has_spread else places_of_lone(self.mean)

    def text(self, places: int | None = None) -> str:
        """Mean, deviation and n with `places` decimals, by default as many as it deserves."""
        places = self.places if places is None else places
        if self.never:
            return f"≥ {fixed(self.mean, places)} ({self.never} of {self.n} never)"
        spread = f" ± {fixed(self.sd, 0 if abs(self.mean) >= 1000 else places)}" if math.isfinite(self.sd) else ""
        return f"{fixed(self.mean, places)}{spread} (n={self.n})"

    def __str__(self) -> str:
        return self.text()


def mean(values: Sequence[float]) -> float:
    """Arithmetic mean; NaN of nothing."""
    return math.fsum(values) / len(values) if values else math.nan


def median(values: Sequence[float]) -> float:
    """Middle value; NaN of nothing."""
    return library.median(values) if values else math.nan


def sd(values: Sequence[float]) -> float:
    """Standard deviation of the sample, over n - 1; NaN below two values."""
    if len(values) < 2:
        return math.nan
    centre = mean(values)
    return math.sqrt(math.fsum((value - centre) ** 2 for value in values) / (len(values) - 1))


def mean_interval(values: Sequence[float]) -> Estimate:
    """The mean with Student's t interval (Student 1908); no interval below two values."""
    centre, n = mean(values), len(values)
    if n < 2:
        return Estimate(centre, math.nan, math.nan, n)
    half = half_width(sd(values), n)
    return Estimate(centre, centre - half, centre + half, n)


def half_width(spread: float, n: int) -> float:
    """Half of Student's t interval of a mean of n values, at least two, with that standard deviation."""
    return _student(n - 1) * spread / math.sqrt(n)


def paired_ratio(numerator: Sequence[float], denominator: Sequence[float]) -> Estimate:
    """Ratio of the means of paired values, with Fieller's interval (1954).

    It holds every r for which Student's interval of `numerator - r denominator` holds zero. No interval for a single
    pair, or where the denominator's mean is not known to be above zero: r is not bounded then.
    """
    top, bottom, n = mean(numerator), mean(denominator), len(numerator)
    ratio = top / bottom if bottom else math.nan
    none = Estimate(ratio, math.nan, math.nan, n)
    if n < 2:
        return none
    share = _student(n - 1) ** 2 / n
    pairs = [(a - top, b - bottom) for a, b in zip(numerator, denominator, strict=True)]
    taa, tab, tbb = (
        math.fsum(products) / (n - 1) * share
        for products in zip(*((a * a, a * b, b * b) for a, b in pairs), strict=True)
    )
    # (top - r bottom)^2 <= share * var(a - r b), a quadratic in r
    square, linear, constant = bottom**2 - tbb, top * bottom - tab, top**2 - taa
    if square <= 0 or bottom <= 0:
        return none
    half = math.sqrt(max(0.0, linear**2 - square * constant))
    return Estimate(ratio, (linear - half) / square, (linear + half) / square, n)


def wilson_interval(successes: int, trials: int) -> Estimate:
    """A proportion in [0, 1] with Wilson's score interval (Wilson 1927, no continuity correction).

    It holds up where all or none succeed, which the textbook's p +- 1.96 sqrt(p (1 - p) / n) does not. `trials` >= 1.
    """
    z = _normal()
    rate = successes / trials
    shrink = 1 + z**2 / trials
    centre = (rate + z**2 / (2 * trials)) / shrink
    half = z / shrink * math.sqrt(rate * (1 - rate) / trials + z**2 / (4 * trials**2))
    # rounding may leave an end a hair inside: none of n has low 0, all of n has high 1, exactly
    low = 0.0 if successes == 0 else centre - half
    high = 1.0 if successes == trials else centre + half
    return Estimate(rate, low, high, trials)


def binomial_sd_percent(error_percent: float, examples: int) -> float:
    """Standard deviation, in points, that an error rate has because the test set is finite: sqrt(p q / n)."""
    rate = error_percent / 100
    return 100 * math.sqrt(rate * (1 - rate) / examples)


def paired_difference(minuend: Mapping[int, float], subtrahend: Mapping[int, float]) -> Estimate:
    """Mean of minuend - subtrahend over the seeds both have, with Student's t interval of the paired differences.

    Mappings go from seed to value. n is the number of shared seeds; with none the value is NaN.
    """
    return mean_interval([minuend[seed] - subtrahend[seed] for seed in sorted(minuend.keys() & subtrahend.keys())])


def ratio_of_means(numerator: Sequence[float], denominator: Sequence[float]) -> Estimate:
    """Ratio of the means of two independent samples, with an interval on the log scale.

    The delta method gives var(ln ratio) = s1^2 / (n1 m1^2) + s2^2 / (n2 m2^2); the quantile is Student's at Welch and
    Satterthwaite's degrees of freedom. Unlike Fieller's interval it is always finite and above zero. No interval when a
    sample has fewer than two values or a mean is not above zero. n is the smaller sample's size.
    """
    top, bottom, n = mean(numerator), mean(denominator), min(len(numerator), len(denominator))
    if not (top > 0 and bottom > 0) or n < 2:
        return Estimate(top / bottom if bottom else math.nan, math.nan, math.nan, n)
    parts = [(sd(sample) / mean(sample)) ** 2 / len(sample) for sample in (numerator, denominator)]
    variance = sum(parts)
    if variance == 0:
        return Estimate(top / bottom, top / bottom, top / bottom, n)
    freedom = variance**2 / sum(
        part**2 / (len(sample) - 1) for part, sample in zip(parts, (numerator, denominator), strict=True)
    )
    return _around_ratio(top / bottom, _student(freedom) * math.sqrt(variance), n)


def difference_of_rates(minuend: Estimate, subtrahend: Estimate) -> Estimate:
    """Difference of two error rates with Wilson's intervals, each counted on a test set: Newcombe's (1998, method 10).

    Like `ratio_of_rates` it knows of the test sets alone, and takes them as independent. A rate that is known exactly
    has an interval of no width. n is 1.
    """
    value = minuend.value - subtrahend.value
    down = math.hypot(minuend.value - minuend.low, subtrahend.high - subtrahend.value)
    up = math.hypot(minuend.high - minuend.value, subtrahend.value - subtrahend.low)
    return Estimate(value, value - down, value + up, 1)


def ratio_of_rates(numerator: float, denominator: float, examples: float, others: float | None = None) -> Estimate:
    """Ratio of two error rates in (0, 1], each counted on `examples` test examples, with Katz's log interval (1978).

    others: the number of the denominator's examples, if it differs; infinite for a rate that is known exactly.

    It accounts for the finite test set, not for how training varies from seed to seed. It assumes independent counts;
    errors of two models on the same test set mostly agree, which makes it wider than needed. n is 1.
    """
    if not (numerator > 0 and denominator > 0):
        return Estimate(numerator / denominator if denominator else math.nan, math.nan, math.nan, 1)
    counted = ((numerator, examples), (denominator, examples if others is None else others))
    variance = sum((1 - rate) / (rate * number) for rate, number in counted)
    return _around_ratio(numerator / denominator, _normal() * math.sqrt(variance), 1)


def _around_ratio(ratio: float, half: float, n: int) -> Estimate:
    return Estimate(ratio, ratio * math.exp(-half), ratio * math.exp(half), n)


def _student(freedom: float) -> float:
    """Two-sided quantile of Student's t."""
    return float(special.stdtrit(freedom, (1 + LEVEL) / 2))


def _normal() -> float:
    """Two-sided quantile of the normal distribution: 1.96."""
    return float(special.ndtri((1 + LEVEL) / 2))
