"""Claims and run files -> verdicts: what the runs of a study say of each sentence it states.

`evidence.py` says which runs a verdict rests on, `outcome.py` what their values say. Where nothing moves there is
nothing to see: a claim may name a control, which must come out otherwise.

A study puts many questions, and some would be answered by chance. Holm's correction over those of its claims that rest
on a test keeps it to 5 % that any of their verdicts is false. A verdict that does not survive it is inconclusive, not a
weaker `reproduced`: one word is what is counted, printed and remembered.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from dlbench.judge.evidence import Evidence, Side, absent, as_they_stand, control, evidences, fitness
from dlbench.judge.outcome import Word, judge, mean_gap, test_set_sd
from dlbench.records.groups import Group, Runs, budget_rank
from dlbench.spec.claim import Claim
from dlbench.spec.study import Study
from dlbench.stats import significance
from dlbench.stats.estimates import Estimate

ANSWERS: Final[Mapping[str, Mapping[str, str]]] = {
    "check": {"reproduced": "holds", "refuted": "fails"},
    "ours": {"reproduced": "yes", "refuted": "no"},
}
"""What a verdict is called on what is no claim of somebody else's: nobody is refuted by a question of ours."""


@dataclass(frozen=True)
class Verdict:
    """What the runs say of a claim.

    seeds, of, than: the shared seeds and their values, `than` a number where the claim names one. never: how many of
    either side's values are lower bounds, cut off by the end of the run.
    gap: the mean gap, or of `within` the narrower of its two. below: of `ordinary`, how many runs are below the
    published one. effect: the difference or ratio, where it has the test set's interval.
    p, corrected_p: of the test behind it, alone and after Holm's correction; NaN without one, 1 if it told nothing.
    test_set_sd: of the difference in points, because test sets are finite; NaN of what was not counted on one.
    budget: of the runs looked at. why: what stands in the way of a verdict. needed: about how many seeds more would
    tell, if they scatter as these do; None where that cannot be said.
    runs: what it rests on. others: finished runs of the same recipes at the same budget that it does not rest on.
    """

    study: str
    claim: Claim
    word: Word
    why: str = ""
    budget: str = ""
    of: Sequence[float] = ()
    than: Sequence[float] | float | None = None
    never: tuple[int, int] = (0, 0)
    gap: Estimate | None = None
    below: int = 0
    effect: Estimate | None = None
    p: float = math.nan
    corrected_p: float = math.nan
    test_set_sd: float = math.nan
    needed: int | None = None
    runs: Sequence[Group] = field(default=(), compare=False)
    others: Sequence[Group] = field(default=(), compare=False)
    seeds: Sequence[int] = ()

    @property
    def first_run(self) -> str:
        """The day of the oldest run that it rests on; empty without any."""
        return min((str(start)[:10] for group in self.runs for start in group.runs["started"]), default="")

    @property
    def is_test(self) -> bool:
        """Whether chance might have answered, and a test says how likely; none does where a claim is of each run."""
        return self.claim.kind == "claim" and math.isfinite(self.p)

    @property
    def answer(self) -> str:
        """The word as a reader sees it: `holds` of a check, `yes` to a question of ours."""
        kind = "check" if self.claim.kind == "check" else self.claim.whose
        return ANSWERS.get(kind, {}).get(self.word, self.word)


def verdicts(study: Study, runs: Runs) -> list[Verdict]:
    """A verdict on each claim of a study, from the runs of its recipes as they stand: other settings do not count."""
    own = as_they_stand(study, runs)
    return corrected([_verdict(study.name, claim, own, runs) for claim in study.claims])


def corrected(found: Sequence[Verdict]) -> list[Verdict]:
    """The verdicts of one study after Holm's correction over its tests; checks, which ask nothing, are none."""
    tests = [place for place, verdict in enumerate(found) if verdict.is_test]
    alone = dict(zip(tests, significance.holm([found[place].p for place in tests]), strict=True))
    return [_after(verdict, alone.get(place, math.nan), len(tests)) for place, verdict in enumerate(found)]


def _after(verdict: Verdict, corrected_p: float, tests: int) -> Verdict:
    verdict = replace(verdict, corrected_p=corrected_p)
    if not (verdict.p <= significance.ALPHA < corrected_p):
        return verdict
    why = f"{verdict.answer} alone, not after Holm's correction over the study's {tests} tests"
    return replace(verdict, word="inconclusive", why=why, needed=None)


def _verdict(study: str, claim: Claim, found: Sequence[Group], runs: Runs) -> Verdict:
    """From the largest budget that has runs of both sides; below the claim's own it stays untested."""
    evidence = max(evidences(claim, found, runs), key=fitness, default=None)
    if evidence is None:
        return Verdict(study, claim, "untested", why=absent(claim, found))
    of, than, seeds = evidence.of, evidence.than, evidence.seeds
    shown = than.over(seeds) if isinstance(than, Side) else than
    outcome = judge(claim, of, than)
    word, needed = outcome.word, outcome.needed
    never = len(of.never), len(than.never) if isinstance(than, Side) else 0
    why = ""
    if budget_rank(evidence.budget) < budget_rank(claim.budget):
        word, needed, why = "untested", None, f"takes the {claim.budget} budget"
    elif word == "inconclusive" and any(never) and needed is None:
        why = "not every run got there"
    used = list(evidence.runs)
    if claim.control and word in ("reproduced", "refuted"):
        why, own = _uncontrolled(claim, evidence, found, runs)
        used += [group for group in own if group not in used]
        word, needed = ("inconclusive", None) if why else (word, needed)
    names = {group.recipe for group in used}
    others = [g for g in found if g.budget == evidence.budget and g.recipe in names and g not in used]
    return Verdict(
        study, claim, word, why, evidence.budget, of.over(seeds), shown, never, outcome.gap, outcome.below,
        outcome.effect, outcome.p if word != "untested" else math.nan, math.nan, test_set_sd(of, than), needed,
        used, others, seeds,
    )  # fmt: skip


def _uncontrolled(claim: Claim, evidence: Evidence, found: Sequence[Group], runs: Runs) -> tuple[str, Sequence[Group]]:
    """Why a verdict says nothing, such as that its control gave the same; and the control's runs."""
    chosen = control(claim, evidence, found, runs)
    if chosen is None:
        return f"no finished run of its control {claim.control}", ()
    side, group = chosen
    return "" if _moves(claim, evidence.of, side) else "the control does not move either", [group]


def _moves(claim: Claim, of: Side, other: Side) -> bool:
    """Whether a control differs: in some run, for what is claimed of each one, else on the average.

    Values cut off at the same place do not.
    """
    seeds = sorted(of.values.keys() & other.values.keys())
    apart = [of.values[seed] - other.values[seed] for seed in seeds if not {seed} <= of.never & other.never]
    return any(apart) if claim.each else mean_gap(apart).sign != 0
