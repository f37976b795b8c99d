"""One neuron, one perceptron on XOR, one hidden layer: what each learns, how often, and at how many mistakes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pandas as pd

from dlbench.records.groups import Group, groups, seed_range
from dlbench.report.notes import footnotes
from dlbench.report.table import Table
from dlbench.stats.estimates import Estimate, wilson_interval

KEYS = ("recipe", "variant", "budget", "device")
SCORE, RULE = "truth_table", "perceptron_rule"  # names in a recipe
COUNTED = ("finished", "diverged")  # a run that diverged has not solved its task, and a solve rate must say so


def xor(runs: pd.DataFrame) -> list[Table]:
    """One row a recipe: the share of seeds that got every row right, and the mistakes against Novikoff's bound."""
    runs = runs.reset_index(drop=True)
    found = [group for group in groups(runs, COUNTED) if _is_scored(group)]
    rows = [_row(group) for group in found]
    if len({group.device for group in found}) <= 1:
        rows = [row | {"device": None} for row in rows]
    notes = [
        "Solved: every row of the truth table right at the last step. Brackets: Wilson's 95 % interval.",
        "Bound: (R / gamma)^2 on the mistakes of Rosenblatt's rule (Novikoff 1962); none without a separating line.",
    ]
    return [
        Table.of(
            "One neuron, XOR, one hidden layer", rows, notes + _diverged(found) + footnotes(runs, found, rows), KEYS
        )
    ]


def solve_rate(group: Group) -> Estimate | None:
    """The share of seeds in [0, 1] that solved the task, with Wilson's interval; None where no run says."""
    return wilson_interval(sum(_solved(group)), len(_solved(group))) if _solved(group) else None


def finding(group: Group) -> str:
    """What the runs of a recipe came to, in words; only Rosenblatt's rule, which stops by itself, may converge."""
    solved, right, bounded = _solved(group), _right(group), _within_bound(group)
    if not solved:
        return ""
    if _named(group, "training") != RULE:
        return f"solved in {sum(solved)} of {len(solved)} runs"
    told = [_converged(solved)]
    if right and not any(solved):
        told.append(f"at most {max(right):.0f} of {group.constant('train_examples')} right")
    if bounded:
        told.append(f"mistakes {'within' if all(bounded) else 'NOT within'} Novikoff's bound in every run")
    return "; ".join(told)


def _row(group: Group) -> dict[str, Any]:
    rate, right, mistakes, bounded = solve_rate(group), _right(group), group.values("mistakes"), _within_bound(group)
    return {
        "recipe": group.recipe,
        "variant": group.variant,
        "budget": group.budget,
        "device": group.device,
        "finding": finding(group),
        "solved_percent": rate.scaled(100) if rate else None,
        "most_right": int(max(right)) if right else None,
        "published_most_right": group.published("train_right") or group.published("right"),
        "examples": group.constant("train_examples"),
        "mistakes": group.measure("mistakes"),
        "most_mistakes": int(max(mistakes)) if mistakes else None,
        "novikoff_bound": min(group.values("novikoff_bound"), default=None),
        "runs_within_bound": f"{sum(bounded)} of {len(bounded)}" if bounded else None,
    }


def _is_scored(group: Group) -> bool:
    """Whether the recipe learns a truth table, even if no run of it came as far as a score."""
    return bool(_metric(group, "right") or _metric(group, "solved")) or _named(group, "score") == SCORE


def _named(group: Group, part: str) -> Any:
    """What the recipe names for this part of it."""
    return group.resolved.get(part, {}).get("name")


def _metric(group: Group, name: str) -> dict[int, float]:
    """A score by seed, by the name it has on the training split."""
    return group.by_seed(f"train_{name}") or group.by_seed(name)


def _right(group: Group) -> list[float]:
    return list(_metric(group, "right").values())


def _solved(group: Group) -> list[bool]:
    """Whether each seed solved its task; one that diverged did not, and one without a score is left out."""
    scored = _metric(group, "solved")
    diverged = dict(zip(group.seeds, group.runs["status"] == "diverged", strict=True))
    return [not lost and scored[seed] == 1 for seed, lost in diverged.items() if lost or seed in scored]


def _within_bound(group: Group) -> list[bool]:
    """Whether each seed's mistakes are within its own bound, for seeds that have both."""
    mistakes, bound = group.by_seed("mistakes"), group.by_seed("novikoff_bound")
    return [mistakes[seed] <= bound[seed] for seed in mistakes.keys() & bound.keys()]


def _converged(solved: Sequence[bool]) -> str:
    if all(solved):
        return "converged in every run"
    if any(solved):
        return f"converged in {sum(solved)} of {len(solved)} runs"
    return "did not converge" + (f" in any of {len(solved)} runs" if len(solved) > 1 else "")


def _diverged(found: Sequence[Group]) -> list[str]:
    each = [(group.recipe, group.runs.loc[group.runs["status"] == "diverged", "seed"]) for group in found]
    told = [f"{recipe} seed {seed_range(int(seed) for seed in seeds)}" for recipe, seeds in each if len(seeds)]
    return [f"Diverged, and counted as not solved: {'; '.join(told)}."] if told else []
