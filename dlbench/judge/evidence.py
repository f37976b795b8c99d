"""Which runs a claim is judged on, and the values of its two sides in them, seed by seed.

Both sides come from runs that differ in recipe and seed alone, not in budget, device, torch or settings. Precisions may
differ only where the recipes themselves ask for it. Of each recipe the newest code and data count. Where several kinds
of runs have both sides, those of the largest budget count; among these, runs that know their code before those of
identity 0.1, then those with most shared seeds, then the newest.

Where training ended before a net had learnt, a count of steps is only a lower bound, and a side knows for which seeds.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace

from dlbench.errors import InputError
from dlbench.records.groups import Group, Runs, budget_rank, current
from dlbench.spec import catalog, recipe
from dlbench.spec.claim import Claim, Quantity, StepsUntil
from dlbench.spec.recipe import BUDGETS
from dlbench.spec.study import Study

TEST_ERROR = re.compile("test_.*error_percent")


@dataclass(frozen=True)
class Side:
    """A quantity by seed.

    never: seeds that had not got there by the end, and whose value is at least this. test_examples: of an error rate in
    per cent, on how many examples it was counted; 0 of anything else.
    """

    values: Mapping[int, float]
    never: frozenset[int] = frozenset()
    test_examples: int = 0

    def of(self, seeds: Sequence[int]) -> Side:
        """The same for these seeds alone."""
        values = {seed: self.values[seed] for seed in seeds}
        return replace(self, values=values, never=self.never.intersection(seeds))

    def over(self, seeds: Sequence[int]) -> list[float]:
        """The values of these seeds."""
        return [self.values[seed] for seed in seeds]


def as_they_stand(study: Study, runs: Runs) -> list[Group]:
    """The groups of the study's recipes as their files are now, not of other settings or of an older file."""
    references = {catalog.name(reference): reference for reference in study.recipes}
    return [group for group in runs.of(references).groups if _is_of(references[group.recipe], group)]


def _is_of(reference: str, group: Group) -> bool:
    with suppress(InputError):  # a budget that it no longer has
        return group.budget in BUDGETS and recipe.load(reference, group.budget).digest == group.digest
    return False


@dataclass(frozen=True)
class Evidence:
    """Both sides of a claim, alike in all but the recipe."""

    budget: str
    of: Side
    than: Side | float
    seeds: Sequence[int]
    runs: Sequence[Group]


def fitness(evidence: Evidence) -> tuple[int, bool, int, str]:
    """What makes one evidence better than another, what counts most first."""
    knows_code = all(group.identity.code for group in evidence.runs)
    return budget_rank(evidence.budget), knows_code, len(evidence.seeds), max(group.newest for group in evidence.runs)


def evidences(claim: Claim, groups: Sequence[Group], runs: Runs) -> Iterator[Evidence]:
    """From every two comparable groups that share a seed, or from every group if the claim names one recipe."""
    for ground in _grounds(claim, current(groups)):
        of = _side(claim.of, ground[0], runs)
        than = _side(claim.than, ground[-1], runs) if isinstance(claim.than, Quantity) else claim.than
        seeds = sorted(of.values.keys() & than.values.keys()) if isinstance(than, Side) else sorted(of.values)
        if seeds:
            other = than.of(seeds) if isinstance(than, Side) else than
            yield Evidence(ground[0].budget, of.of(seeds), other, seeds, ground)


def control(claim: Claim, chosen: Evidence, groups: Sequence[Group], runs: Runs) -> tuple[Side, Group] | None:
    """What the claim's control gave, in runs comparable to those chosen; None if there are none."""
    quantity = replace(claim.of, recipe=claim.control)
    controls = (group for group in current(groups) if _is_opponent(claim.control, chosen.runs[0], group))
    sides = ((_side(quantity, group, runs), group) for group in controls)
    return next(((side, group) for side, group in sides if side.values.keys() & chosen.of.values.keys()), None)


def _grounds(claim: Claim, groups: Sequence[Group]) -> Iterator[Sequence[Group]]:
    """The groups of the recipes that the claim names, one of each, comparable with one another."""
    for group in groups:
        if group.recipe == claim.of.recipe:
            if not isinstance(claim.than, Quantity) or claim.than.recipe == group.recipe:
                yield [group]
            else:
                yield from ([group, other] for other in groups if _is_opponent(claim.than.recipe, group, other))


def _is_opponent(recipe: str, group: Group, other: Group) -> bool:
    return other.recipe == recipe and other.is_comparable(group)


def _side(quantity: Quantity, group: Group, runs: Runs) -> Side:
    if isinstance(quantity.metric, str):
        values = group.by_seed(quantity.metric)
        examples = group.constant("test_examples") if TEST_ERROR.fullmatch(quantity.metric) else None
        return Side(values, group.never(quantity.metric) & values.keys(), examples or 0)
    return _first_looks(quantity.metric, group, runs)


def _first_looks(sought: StepsUntil, group: Group, runs: Runs) -> Side:
    """The step of the first look that was good enough, by seed; where none was, at least the last one's."""
    curves = runs.curves
    if sought.metric not in curves:
        return Side({})
    scores = curves[curves["path"].isin(group.runs["path"])].dropna(subset=[sought.metric]).sort_values("step")
    last = scores.groupby("seed")["step"].max()
    first = scores[scores[sought.metric] <= sought.at_most].groupby("seed")["step"].min()
    values = {int(seed): float(first.get(seed, step)) for seed, step in last.items()}
    return Side(values, frozenset(int(seed) for seed in last.index.difference(first.index)))


def absent(claim: Claim, groups: Sequence[Group]) -> str:
    """Why there is no evidence: which runs are missing."""
    names = dict.fromkeys(q.recipe for q in (claim.of, claim.than) if isinstance(q, Quantity))
    lacking = [name for name in names if name not in {group.recipe for group in groups}]
    if lacking:
        return f"no finished run of {' and '.join(lacking)}"
    if not any(_grounds(claim, groups)):
        return "no finished runs of both that are alike in budget, device, precision and torch"
    return f"no finished runs with a shared seed that tell {claim.of.metric}"
