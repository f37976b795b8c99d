"""Verdicts -> the table of claims: published beside measured, the difference or ratio, and the verdict."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any, Final

import pandas as pd

from dlbench.errors import InputError
from dlbench.judge.claims import Verdict
from dlbench.judge.outcome import MOST_SEEDS
from dlbench.reading import duration
from dlbench.records.groups import Group, Quoted, seed_range
from dlbench.report.notes import identity, machines
from dlbench.report.table import Table, missing
from dlbench.spec import recipe
from dlbench.stats import estimates
from dlbench.stats.estimates import Estimate, Measure
from dlbench.stats.significance import ALPHA

KEYS = ("study", "claim")
MIXED = ("measured", "against", "difference", "ratio")
ORDER: Final = ("reproduced", "refuted", "yes", "no", "holds", "fails", "inconclusive", "untested")
CHECKS: Final = "Checks: theorems, constructions, counts and self-tests, which cannot fail unless the code breaks."
HOW = (
    "Verdicts: from Student's 95 % interval of the mean difference over paired seeds. Reproduced: all of it is on the "
    "claim's side; refuted: all on the other (of a question of ours, that no source answers: yes and no); "
    "inconclusive: neither, with about how many seeds more would tell; "
    "untested: no runs, or only below the budget that the claim takes. 'In each run' asks for no interval but for no "
    "exception.",
    "Ratios: of means, with Fieller's interval. The published figure is the source's own, at its own budget and on its "
    "own data.",
)
ORDINARY = (
    "One published run is one draw (ordinary): reproduced if its rank among our runs lies within the middle 95 %, "
    "refuted if outside, which takes 39 runs."
)
NEVER = (
    "≥, ≤: some runs never got there, and count as long as they lasted; no verdict rests on where they were cut off."
)
TEST_SET = (
    "Test set sd: of the difference, because test sets are finite; binomial, and as if both sides had been counted on "
    "images of their own: an upper bound, for errors on the same images mostly agree. Intervals over seeds do not have "
    "it in them. What is said of each run and rests on one has the test set's interval (Katz 1978 of a ratio, Newcombe "
    "1998 of a difference)."
)
STATED = (
    "Stated: the day since which sentence, sides, relation, margin and budget are as they are. After its runs: younger "
    "than the oldest run that the verdict rests on, whose result may have been known; the day of its runs: either may "
    "have come first."
)
NEEDS = (
    "Needs: the budget that an untested claim takes, and how long one seed of its recipes would train there, at the "
    "speed of the runs there are."
)
GROUNDS = (
    "Rests on: of several kinds of runs at one budget, those that know their code before those of identity 0.1, then "
    "those with most shared seeds, then the newest; of a recipe always the newest code and data. Nothing is mixed."
)


def claims(verdicts: Sequence[Verdict]) -> list[Table]:
    """A row a claim, in the order of the studies; checks in a table of their own."""
    kinds = {kind: [verdict for verdict in verdicts if verdict.claim.kind == kind] for kind in ("claim", "check")}
    counted = "; of ".join(_count(kind, found) for kind, found in kinds.items() if found)
    tables = []
    if kinds["claim"]:
        about = [f"Of {counted}.", *_chance(kinds["claim"]), *HOW]
        tables.append(_table("Claims and verdicts", kinds["claim"], about))
    if kinds["check"]:
        own = [CHECKS] if tables else [f"Of {counted}.", CHECKS]
        tables.append(_table("Checks", kinds["check"], own))
    return tables


def _count(kind: str, verdicts: Sequence[Verdict]) -> str:
    """`96 claims: 40 reproduced, 12 refuted`."""
    counted = Counter(verdict.answer for verdict in verdicts)
    return f"{len(verdicts)} {kind}s: " + ", ".join(f"{counted[word]} {word}" for word in ORDER if counted[word])


def _chance(verdicts: Sequence[Verdict]) -> list[str]:
    """How many verdicts may be false."""
    tests = [verdict for verdict in verdicts if verdict.is_test]
    studies = len({verdict.study for verdict in tests})
    if not tests:
        return []
    told = f"{len(tests)} of them rest on a test at 5 %, of which up to {ALPHA * len(tests):.1f} would answer by chance"
    kept = f"to 5 % that any of its verdicts is false: expect that in {ALPHA * studies:.2f} of {studies}"
    return [f"{told}. Holm's correction (1979) over the tests of each study keeps it {kept}."]


def _table(title: str, verdicts: Sequence[Verdict], notes: Sequence[str]) -> Table:
    rows = [row(verdict) for verdict in verdicts]
    if len({verdict.study for verdict in verdicts}) == 1:
        rows = [cells | {"study": None} for cells in rows]
    groups = list({id(group): group for verdict in verdicts for group in verdict.runs}.values())
    about = [*notes, *([ORDINARY] if any(verdict.claim.relation == "ordinary" for verdict in verdicts) else [])]
    about += [NEVER] if any(any(verdict.never) for verdict in verdicts) else []
    about += [*_measured(groups), *_remarks(verdicts)]
    about += [TEST_SET] if any(not missing(cells["test_set_sd_points"]) for cells in rows) else []
    about += [STATED] if any(cells["stated"] for cells in rows) else []
    about += [NEEDS] if any(cells["needs"] for cells in rows) else []
    about += [GROUNDS] if any(cells["rests_on"] for cells in rows) else []
    return Table.of(title, rows, about, KEYS, MIXED)


def words(verdict: Verdict) -> str:
    """The verdict, and what it lacks: `inconclusive: about 4 more seeds`."""
    told = verdict.why or (_lacking(verdict) if verdict.word == "inconclusive" else "")
    return f"{verdict.answer}: {told}" if told else verdict.answer


def _lacking(verdict: Verdict) -> str:
    """What would tell."""
    if verdict.effect and verdict.claim.each:
        return "its test set does not tell"
    if verdict.claim.relation == "ordinary" and verdict.needed:
        return f"{verdict.needed} more seeds before a rank can tell"
    if len(verdict.of) < 2:
        return "one seed has no interval"
    if verdict.needed:
        return f"about {verdict.needed} more seed{'s' if verdict.needed != 1 else ''}"
    has_scatter = verdict.gap is not None and verdict.gap.high > verdict.gap.low
    return f"more than {MOST_SEEDS:,} more seeds" if has_scatter else "no scatter"


def row(verdict: Verdict) -> dict[str, Any]:
    """The cells of its row."""
    claim = verdict.claim
    published = Quoted(claim.published, claim.source) if claim.published != "" else None
    return {
        "study": verdict.study,
        "claim": claim.says + (" (in each run)" if claim.each else ""),
        "verdict": words(verdict),
        "metric": str(claim.of.metric),
        "published_figure": published,
        "measured": Measure.of(verdict.of, verdict.never[0]) if verdict.of else None,
        "against": _against(verdict),
        **_effect(verdict),
        "test_set_sd_points": verdict.test_set_sd,
        "budget": verdict.budget,
        "stated": _stated(verdict),
        "needs": _needs(verdict),
        "rests_on": _grounds(verdict),
    }


def _stated(verdict: Verdict) -> str:
    """Since when the claim is as it is, and whether that was before its runs; nothing of a check."""
    stated, first = verdict.claim.stated, verdict.first_run
    if not stated or verdict.claim.kind == "check":
        return ""
    if not first or stated < first:
        return stated
    return f"{stated}, {'after' if stated > first else 'the day of'} its runs"


def _grounds(verdict: Verdict) -> str:
    """Which runs a verdict rests on where there are others that it might: `cuda:0, code 1a2b3c4d`."""
    several = len({group.device for group in [*verdict.runs, *verdict.others]}) > 1
    told = [word for group in verdict.runs for word in (group.device if several else "", group.mark)]
    return ", ".join(dict.fromkeys(filter(None, told))) if verdict.others else ""


def _needs(verdict: Verdict) -> str:
    """The budget that an untested claim takes, and how long a seed of it would, at the speed of the runs there are."""
    if verdict.word != "untested":
        return ""
    seconds = [_seconds(name, verdict) for name in verdict.claim.recipes]
    known = [each for each in seconds if each is not None]
    about = f", about {duration(sum(known))} a seed" if known and len(known) == len(seconds) else ""
    return f"{verdict.claim.budget}{about}"


def _seconds(name: str, verdict: Verdict) -> float | None:
    """Seconds of training of one seed at the budget that the claim takes; None where no run tells its speed."""
    speeds = [speed for group in verdict.runs if group.recipe == name for speed in group.values("examples_per_second")]
    try:
        examples = recipe.load(name, verdict.claim.budget).examples()
    except InputError:  # a recipe of a user's own, that is not found by its name
        return None
    return examples / estimates.median(speeds) if speeds and examples else None


def _against(verdict: Verdict) -> Measure | float | None:
    than = verdict.than
    return Measure.of(than, verdict.never[1]) if isinstance(than, Sequence) else than


def _effect(verdict: Verdict) -> dict[str, Estimate | None]:
    """The ratio for a claim about one, else the difference; neither for what holds in each run, nor for a rank."""
    if verdict.effect:
        is_ratio = verdict.claim.is_ratio
        return {"difference": None if is_ratio else verdict.effect, "ratio": verdict.effect if is_ratio else None}
    if not verdict.of or verdict.than is None or verdict.claim.each or verdict.claim.relation == "ordinary":
        return {"difference": None, "ratio": None}
    of = list(verdict.of)
    than = list(verdict.than) if isinstance(verdict.than, Sequence) else [verdict.than] * len(of)
    if verdict.claim.is_ratio:
        return {"difference": None, "ratio": _bounded(estimates.paired_ratio(of, than), verdict)}
    difference = estimates.mean_interval([a - b for a, b in zip(of, than, strict=True)])
    return {"difference": _bounded(difference, verdict), "ratio": None}


def _bounded(effect: Estimate, verdict: Verdict) -> Estimate | None:
    """The effect as far as it is known where values of a side are lower bounds: from one end, or not at all."""
    match [bool(count) for count in verdict.never]:
        case [True, True]:
            return None
        case [True, False]:
            return effect.at_least()
        case [False, True]:
            return effect.at_most()
    return effect


def _measured(groups: Sequence[Group]) -> list[str]:
    if not groups:
        return ["Nothing measured here yet."]
    seeds = {seed_range(group.seeds) for group in groups}
    over = f"seeds {seeds.pop()}" if len(seeds) == 1 else "n seeds as the cells say"
    return [
        f"Measured here: {over}, after the last step, on {'; '.join(machines(pd.concat([g.runs for g in groups])))}.",
        *identity(groups),
    ]


def _remarks(verdicts: Sequence[Verdict]) -> list[str]:
    told = [(verdict.claim, [*_rank(verdict), *filter(None, [verdict.claim.note])]) for verdict in verdicts]
    return [f"{claim.says}: {'; '.join(notes)}" for claim, notes in told if notes]


def _rank(verdict: Verdict) -> list[str]:
    """Where one published run lies among ours."""
    if verdict.claim.relation != "ordinary" or not verdict.of:
        return []
    return [f"{verdict.below} of {len(verdict.of)} runs ({verdict.below / len(verdict.of):.0%}) are below it"]
