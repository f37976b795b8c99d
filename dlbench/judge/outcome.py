"""What values by seed say of a claim: a word, and the test behind it.

A claim is taken apart into gaps, one a seed: numbers that are above zero on the average if and only if the claim holds
(`a - b - by` for "a is greater than b by so much"). Both sides of a seed start alike, so what they share cancels.
Student's interval of the mean gap decides: reproduced if it lies above zero, refuted if below, else inconclusive. So
where nothing is true of a claim it is called reproduced in at most 5 % of cases, 2.5 % if gaps are normal.

A single published run is one draw, of which no mean is known: `ordinary` asks for its rank among ours.

Student's interval knows how training varies from seed to seed, and nothing of the test set, which is the same for all.
A claim about `each` run that was run only once, as a learner without chance is, is judged on the test set's interval. A
share of runs has Wilson's.

Values that the end of a run cut off are lower bounds. The mean of what was seen of them is at most their mean, so its
interval still bounds that from one side: a verdict may rest on this side, and on the other there is none.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final, Literal, TypeAlias

from dlbench.judge.evidence import Side
from dlbench.spec.claim import Claim
from dlbench.stats import estimates, significance
from dlbench.stats.estimates import Estimate

Word: TypeAlias = Literal["reproduced", "refuted", "inconclusive", "untested"]
FEWEST_ALIKE: Final = 6  # gaps that are all the same: the exact sign test needs so many for p < 0.05
MOST_SEEDS: Final = 1000  # nobody trains more to settle a question


@dataclass(frozen=True)
class Outcome:
    """What values by seed say of a claim: a verdict's `word`, `gap`, `below` and `needed`."""

    word: Word
    gap: Estimate | None = None
    needed: int | None = 0
    below: int = 0
    effect: Estimate | None = None
    p: float = math.nan


def judge(claim: Claim, of: Side, than: Side | float) -> Outcome:
    """What values by seed say; at least one seed is shared. Raises ValueError otherwise."""
    if claim.relation == "ordinary" and not isinstance(than, Side):
        return _among_ours(of, than)
    other = than if isinstance(than, Side) else Side(dict.fromkeys(of.values, than))
    seeds = sorted(of.values.keys() & other.values.keys())
    if not seeds:
        raise ValueError("no seed is shared")
    of, other = of.of(seeds), other.of(seeds)
    if claim.each and claim.kind == "claim" and of.test_examples and _is_one_run(of, other):
        return _from_interval(claim, _ratio(of, other) if claim.is_ratio else _difference(of, other))
    if not (claim.each or claim.is_ratio or isinstance(than, Side)) and _is_share(of):
        return _of_share(claim, list(of.values.values()), than)
    gaps = _gaps(claim, of, other)
    means = [mean_gap(gap.values) for gap in gaps]
    if claim.each:
        return Outcome(_word([sign for gap in gaps for sign in gap.signs()]), _narrower(means))
    signs = [gap.sign(mean) for gap, mean in zip(gaps, means, strict=True)]
    word = _word(signs)
    p = _combined(word, signs, [significance.of_mean(gap.values) for gap in gaps])
    if word != "inconclusive":
        return Outcome(word, _narrower(means), p=p)
    needed = None if of.never or other.never else _needed([gap.values for gap in gaps])
    return Outcome(word, _narrower(means), needed, p=p)


def _is_one_run(of: Side, than: Side) -> bool:
    """Whether there is one run only, or several with the same values."""
    return len({(value, than.values[seed]) for seed, value in of.values.items()}) == 1


def _is_share(of: Side) -> bool:
    """Whether it is a yes or no of each of several runs, so that its mean is a share of them."""
    return len(of.values) > 1 and set(of.values.values()) <= {0.0, 1.0} and not of.never


def _of_share(claim: Claim, solved: Sequence[float], than: float) -> Outcome:
    """From Wilson's interval: 50 of 50 leave room for 93 %, where Student's interval would have no width."""

    def outcome(runs: int) -> Outcome:
        share = estimates.wilson_interval(round(estimates.mean(solved) * runs), runs)
        return _from_interval(claim, _moved(share, 1, -than))

    first, n = outcome(len(solved)), len(solved)
    if first.word != "inconclusive":
        return first
    enough = (extra for extra in range(1, MOST_SEEDS + 1) if outcome(n + extra).word != "inconclusive")
    return replace(first, needed=next(enough, None))


def _from_interval(claim: Claim, effect: Estimate) -> Outcome:
    """From the interval of the difference or ratio that is claimed."""
    moves = {
        "greater": [(1, -claim.by)],
        "less": [(-1, -claim.by)],
        "ratio_at_least": [(1, -claim.by)],
        "ratio_at_most": [(-1, claim.by)],
        "within": [(-1, claim.by), (1, claim.by)],
    }
    gaps = [_moved(effect, *move) for move in moves[claim.relation]]
    signs = [gap.sign for gap in gaps]
    word = _word(signs)
    p = _combined(word, signs, [significance.of_interval(gap) for gap in gaps])
    return Outcome(word, _narrower(gaps), 0 if word != "inconclusive" else None, effect=effect, p=p)


def _moved(effect: Estimate, sign: int, by: float) -> Estimate:
    """The gap of an effect: its distance from what the claim asks for."""
    low, high = (effect.low, effect.high) if sign > 0 else (-effect.high, -effect.low)
    return Estimate(sign * effect.value + by, low + by, high + by, effect.n)


def _ratio(of: Side, than: Side) -> Estimate:
    """Of error rates, with Katz's interval."""
    numerator, denominator = (estimates.mean([*side.values.values()]) / 100 for side in (of, than))
    return estimates.ratio_of_rates(numerator, denominator, of.test_examples, than.test_examples or math.inf)


def _difference(of: Side, than: Side) -> Estimate:
    """Of error rates in points, with Newcombe's interval."""
    return estimates.difference_of_rates(_rate(of), _rate(than)).scaled(100)


def _rate(side: Side) -> Estimate:
    rate = estimates.mean([*side.values.values()]) / 100
    if not side.test_examples:
        return Estimate(rate, rate, rate, 1)
    return estimates.wilson_interval(round(rate * side.test_examples), side.test_examples)


def test_set_sd(of: Side, than: Side | float) -> float:
    """Of the difference of two error rates in points, as if counted on different test sets; NaN of other metrics."""
    sides = [side for side in (of, than) if isinstance(side, Side) and side.test_examples]
    means = [(estimates.mean([*side.values.values()]), side.test_examples) for side in sides]
    return math.hypot(*(estimates.binomial_sd_percent(*pair) for pair in means)) if means else math.nan


def _among_ours(ours: Side, published: float) -> Outcome:
    """Whether one published run lies in the middle 95 % of ours: one that never got there lies above all it outlasted.

    Where the published run outlasted some of those, we do not know how many of them end above it: every possible number
    is tried, and all must agree.
    """
    reached = [value for seed, value in ours.values.items() if seed not in ours.never]
    bounds = [ours.values[seed] for seed in ours.never]
    below, alike = sum(value < published for value in reached), reached.count(published)
    undecided = sum(value < published for value in bounds)
    above = len(reached) + len(bounds) - below - alike - undecided
    if len(ours.values) < significance.FEWEST_DRAWS:
        return Outcome("inconclusive", needed=significance.FEWEST_DRAWS - len(ours.values), below=below, p=1.0)
    rare = {significance.of_draw(below + lower, alike, above + undecided - lower) for lower in range(undecided + 1)}
    words: set[Word] = {"refuted" if p <= significance.ALPHA else "reproduced" for p in rare}
    if len(words) > 1:
        return Outcome("inconclusive", needed=None, below=below, p=1.0)
    return Outcome(words.pop(), below=below, p=max(rare))


@dataclass(frozen=True)
class Gap:
    """A number a seed: above zero where a claim holds, or at zero if its edge counts as well.

    at_least, at_most: whether the true one of a seed may be larger, or smaller.
    """

    values: Sequence[float]
    at_least: Sequence[bool]
    at_most: Sequence[bool]
    has_edge: bool

    def signs(self) -> Iterator[int]:
        """By seed whether the claim holds, +1, or does not, -1; 0 where its value is a bound that leaves it open."""
        for value, larger, smaller in zip(self.values, self.at_least, self.at_most, strict=True):
            holds = value > 0 or (value == 0 and self.has_edge)
            yield (1 - smaller) if holds else (larger - 1)

    def sign(self, mean: Estimate) -> int:
        """Whether the claim holds on the average, +1, or does not, -1; 0 where bounds leave it open."""
        doubted = any(self.at_most) if mean.sign > 0 else any(self.at_least)
        return 0 if doubted else mean.sign


def _gaps(claim: Claim, of: Side, than: Side) -> list[Gap]:
    """One for each end of what the claim tolerates: two of `within`, else one."""
    by = claim.by
    match claim.relation:
        case "greater":
            return [_gap(of, than, lambda a, b: a - b - by, has_edge=False)]
        case "less":
            return [_gap(than, of, lambda b, a: b - a - by, has_edge=False)]
        case "ratio_at_least":
            return [_gap(of, than, lambda a, b: a - by * b)]
        case "ratio_at_most":
            return [_gap(than, of, lambda b, a: by * b - a)]
        case "within":
            return [_gap(than, of, lambda b, a: by - (a - b)), _gap(of, than, lambda a, b: by + (a - b))]
        case "ordinary":
            raise ValueError("'ordinary' is a question of rank")


def _gap(rising: Side, falling: Side, form: Callable[[float, float], float], has_edge: bool = True) -> Gap:
    """The gap that grows with one side, and shrinks as the other grows."""
    seeds = sorted(rising.values)
    values = [form(rising.values[seed], falling.values[seed]) for seed in seeds]
    larger, smaller = ([seed in side.never for seed in seeds] for side in (rising, falling))
    return Gap(values, larger, smaller, has_edge)


def _word(signs: Collection[int]) -> Word:
    """The verdict on gaps whose signs must all be +1."""
    return "refuted" if -1 in signs else "inconclusive" if 0 in signs else "reproduced"


def _combined(word: Word, signs: Sequence[int], ps: Sequence[float]) -> float:
    """The p of a verdict on all of these gaps: of the least sure that holds, or of the surest that does not."""
    if word == "reproduced":
        return max(ps)
    return min((p for p, sign in zip(ps, signs, strict=True) if sign < 0), default=1.0)


def mean_gap(gaps: Sequence[float]) -> Estimate:
    """The mean gap and its interval; gaps that are all the same have none, unless there are many of them."""
    mean = estimates.mean_interval(gaps)
    if len(gaps) > 1 and estimates.sd(gaps) <= 1e-9 * abs(mean.value):
        end = mean.value if len(gaps) >= FEWEST_ALIKE else math.nan
        return Estimate(mean.value, end, end, mean.n)
    return mean


def _narrower(means: Sequence[Estimate]) -> Estimate:
    return min(means, key=lambda mean: mean.value)


def _needed(sides: Sequence[Sequence[float]]) -> int | None:
    """How many seeds more would tell, the gaps' mean and scatter staying as they are."""
    counts = [_enough(gaps) for gaps in sides]
    return None if None in counts else max(count for count in counts if count is not None) - len(sides[0])


def _enough(gaps: Sequence[float]) -> int | None:
    """The least number of seeds, more than there are, whose interval would leave out zero."""
    distance, n = abs(estimates.mean(gaps)), len(gaps)
    if distance == 0 or n < 2:
        return None
    scatter = estimates.sd(gaps)
    if scatter <= 1e-9 * distance:
        return max(FEWEST_ALIKE, n + 1)
    counts = range(n + 1, n + MOST_SEEDS + 1)
    return next((count for count in counts if estimates.half_width(scatter, count) < distance), None)
