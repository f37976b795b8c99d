"""Claims and run files -> verdicts: what the runs of a study say of each sentence it states.

A claim is taken apart into gaps, one a seed: numbers that are above zero on the average if and only if the claim holds
(`a - b - by` for "a is greater than b by so much"). Both sides of a seed start alike, so what they share cancels.
Student's interval of the mean gap decides: reproduced if it lies above zero, refuted if below, else inconclusive. So
where nothing is true of a claim it is called reproduced in at most 5 % of cases, 2.5 % if gaps are normal.

Both sides come from runs alike in all but recipe and seed: budget, device, torch and settings. Precisions may differ
only where the recipes themselves ask for unlike ones. Of each recipe the newest code and data count. Of several kinds
of runs that have both sides the verdict rests on the one of the largest budget; among these on runs that know their
code before those of identity 0.1, then on most shared seeds, then on the newest.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Final, Literal, TypeAlias

from dlbench.errors import InputError
from dlbench.records.groups import Group, Runs, budget_rank, current
from dlbench.spec import catalog, recipe
from dlbench.spec.claim import Claim, Quantity, StepsUntil
from dlbench.spec.recipe import BUDGETS
from dlbench.spec.study import Study
from dlbench.stats import estimates
from dlbench.stats.estimates import Estimate

Word: TypeAlias = Literal["reproduced", "refuted", "inconclusive", "untested"]
FEWEST_ALIKE: Final = 6  # gaps that are all the same: the exact sign test needs so many for p < 0.05
ANSWERS: Final[Mapping[str, Mapping[str, str]]] = {
    "check": {"reproduced": "holds", "refuted": "fails"},
    "ours": {"reproduced": "yes", "refuted": "no"},
}
"""What a verdict is called on what is no claim of somebody else's: nobody is refuted by a question of ours."""
MOST_SEEDS: Final = 1000  # nobody trains more to settle a question


@dataclass(frozen=True)
class Side:
    """A quantity by seed. at_least: seeds whose value was not reached by the end, and is at least this."""

    values: Mapping[int, float]
    at_least: frozenset[int] = frozenset()

    def of(self, seeds: Sequence[int]) -> Side:
        """The same for these seeds alone."""
        return Side({seed: self.values[seed] for seed in seeds}, self.at_least.intersection(seeds))

    def over(self, seeds: Sequence[int]) -> list[float]:
        """The values of these seeds."""
        return [self.values[seed] for seed in seeds]


@dataclass(frozen=True)
class Verdict:
    """What the runs say of a claim.

    of, than: the values of the shared seeds, `than` a number where the claim names one. gap: the mean gap, or of
    `within` the narrower of its two. budget, device: of the runs looked at. needed: about how many seeds more would
    tell, if they scatter as these do; None where that cannot be said. why: what stands in the way of a verdict.
    runs: what it rests on. others: finished runs of the same recipes at the same budget that it does not rest on.
    """

    study: str
    claim: Claim
    word: Word
    why: str = ""
    budget: str = ""
    of: Sequence[float] = ()
    than: Sequence[float] | float | None = None
    gap: Estimate | None = None
    needed: int | None = None
    runs: Sequence[Group] = field(default=(), compare=False)
    others: Sequence[Group] = field(default=(), compare=False)

    @property
    def answer(self) -> str:
        """The word as a reader sees it: `holds` of a check, `yes` to a question of ours."""
        kind = "check" if self.claim.kind == "check" else self.claim.whose
        return ANSWERS.get(kind, {}).get(self.word, self.word)


def verdicts(study: Study, runs: Runs) -> list[Verdict]:
    """A verdict on each claim of a study, from the runs of its recipes as they stand: other settings do not count."""
    own = [group for group in runs.groups if _is_as_it_stands(group, study)]
    return [_verdict(study.name, claim, own, runs) for claim in study.claims]


def judge(claim: Claim, of: Side, than: Side | float) -> tuple[Word, Estimate, int | None]:
    """The verdict on values by seed, the mean gap that it rests on, and how many seeds more would tell.

    At least one seed is shared. Raises ValueError otherwise.
    """
    seeds = sorted(of.values.keys() & (than.values.keys() if isinstance(than, Side) else of.values.keys()))
    if not seeds:
        raise ValueError("no seed is shared")
    others = than.over(seeds) if isinstance(than, Side) else [than] * len(seeds)
    sides = _gaps(claim, of.over(seeds), others)
    if claim.each:
        held = all(gap >= 0 if claim.relation in INCLUSIVE else gap > 0 for gaps in sides for gap in gaps)
        found: Word = "reproduced" if held else "refuted"
        found = "inconclusive" if found in _doubted(claim, of, than) else found
        return found, _narrower([estimates.mean_interval(gaps) for gaps in sides]), 0
    means = [_mean(gaps) for gaps in sides]
    word: Word = "inconclusive"
    if all(mean.sign > 0 for mean in means):
        word = "reproduced"
    elif any(mean.sign < 0 for mean in means):
        word = "refuted"
    if word in _doubted(claim, of, than):
        word = "inconclusive"
    needed = 0 if word != "inconclusive" else _needed(sides)
    return word, _narrower(means), needed


INCLUSIVE: Final = ("ratio_at_least", "ratio_at_most", "within")


def _gaps(claim: Claim, of: Sequence[float], than: Sequence[float]) -> list[list[float]]:
    """A gap a seed; of `within` two, one for each end of what is tolerated."""
    pairs, by = list(zip(of, than, strict=True)), claim.by
    match claim.relation:
        case "greater":
            return [[a - b - by for a, b in pairs]]
        case "less":
            return [[b - a - by for a, b in pairs]]
        case "ratio_at_least":
            return [[a - by * b for a, b in pairs]]
        case "ratio_at_most":
            return [[by * b - a for a, b in pairs]]
        case "within":
            return [[by - (a - b) for a, b in pairs], [by + (a - b) for a, b in pairs]]


def _mean(gaps: Sequence[float]) -> Estimate:
    """The mean gap and its interval; gaps that are all the same have none, unless there are many of them."""
    found = estimates.mean_interval(gaps)
    if len(gaps) > 1 and estimates.sd(gaps) <= 1e-9 * abs(found.value):
        end = found.value if len(gaps) >= FEWEST_ALIKE else math.nan
        return Estimate(found.value, end, end, found.n)
    return found


def _narrower(means: Sequence[Estimate]) -> Estimate:
    return min(means, key=lambda mean: mean.value)


def _doubted(claim: Claim, of: Side, than: Side | float) -> Sequence[Word]:
    """The verdicts that values which are only bounded from below do not allow."""
    bounds = {"of": bool(of.at_least), "than": isinstance(than, Side) and bool(than.at_least)}
    larger, smaller = ("of", "than") if claim.relation in ("greater", "ratio_at_least") else ("than", "of")
    if claim.relation == "within":
        return ("reproduced", "refuted") if any(bounds.values()) else ()
    doubted: list[Word] = []
    if bounds[larger]:  # gaps are at least this large
        doubted.append("refuted")
    if bounds[smaller]:  # gaps are at most this large
        doubted.append("reproduced")
    return doubted


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


def _is_as_it_stands(group: Group, study: Study) -> bool:
    """Whether the runs are of the recipe as its file is now, not of other settings or of an older file."""
    by_name = {catalog.name(reference): reference for reference in study.recipes}
    if group.recipe not in by_name or group.budget not in BUDGETS:
        return False
    with suppress(InputError):  # a budget that it no longer has
        return recipe.load(by_name[group.recipe], group.budget).digest == group.digest
    return False


def _verdict(study: str, claim: Claim, found: Sequence[Group], runs: Runs) -> Verdict:
    """From the largest budget that has runs of both sides; below the claim's own it stays untested."""
    evidence = max(_evidence(claim, found, runs), key=_fitness, default=None)
    if evidence is None:
        return Verdict(study, claim, "untested", why=_absent(claim, found))
    of, than, seeds = evidence.of, evidence.than, evidence.seeds
    shown = than.over(seeds) if isinstance(than, Side) else than
    word, gap, needed = judge(claim, of, than)
    why = ""
    if budget_rank(evidence.budget) < budget_rank(claim.budget):
        word, needed, why = "untested", None, f"takes the {claim.budget} budget"
    elif word == "inconclusive" and (of.at_least or (isinstance(than, Side) and than.at_least)):
        needed, why = None, "not every run reached it"
    used = {group.recipe for group in evidence.runs}
    others = [g for g in found if g.budget == evidence.budget and g.recipe in used and g not in evidence.runs]
    return Verdict(study, claim, word, why, evidence.budget, of.over(seeds), shown, gap, needed, evidence.runs, others)


@dataclass(frozen=True)
class _Evidence:
    """Both sides of a claim, alike in all but the recipe."""

    budget: str
    of: Side
    than: Side | float
    seeds: Sequence[int]
    runs: Sequence[Group]


def _fitness(one: _Evidence) -> tuple[int, bool, int, str]:
    """What makes one kind of runs a better ground for a verdict than another, what counts most first."""
    knows_code = all(group.identity.code for group in one.runs)
    return budget_rank(one.budget), knows_code, len(one.seeds), max(group.newest for group in one.runs)


def _evidence(claim: Claim, found: Sequence[Group], runs: Runs) -> Iterator[_Evidence]:
    """For each two groups that are comparable, or each one if the claim names one recipe, that share a seed."""
    for ground in _grounds(claim, current(found)):
        of = _side(claim.of, ground[0], runs)
        than = _side(claim.than, ground[-1], runs) if isinstance(claim.than, Quantity) else claim.than
        seeds = sorted(of.values.keys() & than.values.keys()) if isinstance(than, Side) else sorted(of.values)
        if seeds:
            other = than.of(seeds) if isinstance(than, Side) else than
            yield _Evidence(ground[0].budget, of.of(seeds), other, seeds, ground)


def _grounds(claim: Claim, found: Sequence[Group]) -> Iterator[Sequence[Group]]:
    """The groups of the recipes that the claim names, one of each, comparable with one another."""
    for group in found:
        if group.recipe == claim.of.recipe:
            if not isinstance(claim.than, Quantity) or claim.than.recipe == group.recipe:
                yield [group]
            else:
                yield from ([group, other] for other in found if _is_opponent(claim.than.recipe, group, other))


def _is_opponent(recipe: str, group: Group, other: Group) -> bool:
    return other.recipe == recipe and other.is_comparable(group)


def _side(quantity: Quantity, group: Group, runs: Runs) -> Side:
    if isinstance(quantity.metric, str):
        return Side(group.by_seed(quantity.metric))
    return _first_looks(quantity.metric, group, runs)


def _first_looks(sought: StepsUntil, group: Group, runs: Runs) -> Side:
    """The step of the first look that was good enough, by seed; where none was, at least the last one's."""
    curves = runs.curves
    if sought.metric not in curves:
        return Side({})
    own = curves[curves["path"].isin(group.runs["path"])].dropna(subset=[sought.metric]).sort_values("step")
    last = own.groupby("seed")["step"].max()
    first = own[own[sought.metric] <= sought.at_most].groupby("seed")["step"].min()
    values = {int(seed): float(first.get(seed, step)) for seed, step in last.items()}
    return Side(values, frozenset(int(seed) for seed in last.index.difference(first.index)))


def _absent(claim: Claim, found: Sequence[Group]) -> str:
    """What there is no run of."""
    names = dict.fromkeys(q.recipe for q in (claim.of, claim.than) if isinstance(q, Quantity))
    lacking = [name for name in names if name not in {group.recipe for group in found}]
    if lacking:
        return f"no finished run of {' and '.join(lacking)}"
    if not any(_grounds(claim, found)):
        return "no finished runs of both that are alike in budget, device, precision and torch"
    return f"no finished runs with a shared seed that tell {claim.of.metric}"
