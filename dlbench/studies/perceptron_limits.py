"""Rosenblatt's rule against Novikoff's bound, and random labels against Cover's count."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from dlbench.records.groups import Group, budget_rank, groups
from dlbench.report.notes import footnotes
from dlbench.report.table import Table
from dlbench.stats.estimates import Estimate, Measure, wilson_interval
from dlbench.training.dichotomies import points_at, probability

KEYS = ("recipe", "budget", "device", "variant")
SHOWN_LOADS = (1.5, 2, 2.5)


def perceptron_limits(runs: pd.DataFrame) -> list[Table]:
    """One table of what is learnt and at how many mistakes, one of how many random labels a unit takes."""
    runs = runs.reset_index(drop=True)
    found = groups(runs)
    learnt = sorted((group for group in found if group.values("mistakes")), key=_by_size)
    covered = by_weights(found)
    return [
        _table(
            "Rosenblatt's rule and Novikoff's bound",
            runs,
            learnt,
            [_learnt(members) for members in _by_block(learnt)],
            [
                "Converged: a whole sweep without a mistake. A recipe of random points counts all its problems.",
                "Bound: (R / gamma)^2 on the mistakes of the rule (Novikoff 1962); none without a separating plane.",
            ],
        ),
        _table(
            "How many random labels one unit takes",
            runs,
            covered,
            [_covered(group, load) for group in covered for load in SHOWN_LOADS],
            [
                "Separable: share of random dichotomies that some unit gives, by linear programming, over all seeds; "
                "in brackets Wilson's 95 % interval.",
                "Exact: 2^(1-N) sum_{k<d} C(N-1, k) for N points and d weights, and 2d points on average (Cover 1965).",
            ],
        ),
    ]


def by_weights(found: Sequence[Group]) -> list[Group]:
    """The groups that took random labels, the smallest budget and the smallest unit first."""
    covered = (group for group in found if group.values("separable_points"))
    return sorted(covered, key=lambda group: (budget_rank(group.budget), weights_of(group)))


def weights_of(group: Group) -> int:
    """How many weights the unit has, its threshold among them."""
    return int(group.values("parameters")[0])


def separable(group: Group, load: float) -> Estimate:
    """The share in percent of all dichotomies, over all seeds, that a unit gives to `load` points a weight."""
    tried, shares = group.by_seed("dichotomies"), group.by_seed(f"separable_percent_at_{load:g}d")
    successes = sum(round(shares[seed] * tried[seed] / 100) for seed in shares)
    return wilson_interval(successes, int(sum(tried[seed] for seed in shares))).scaled(100)


def exact(group: Group, load: float) -> float:
    """Cover's chance for it, in percent."""
    weights = weights_of(group)
    return 100 * probability(points_at(load, weights), weights)


def _table(
    title: str, runs: pd.DataFrame, shown: Sequence[Group], rows: Sequence[Mapping[str, Any]], notes: Sequence[str]
) -> Table:
    own = runs[runs["recipe"].isin({group.recipe for group in shown})] if shown else runs
    if len({group.device for group in shown}) <= 1:
        rows = [{**row, "device": None} for row in rows]
    return Table.of(title, rows, [*notes, *footnotes(own, shown, rows)], KEYS)


def _by_size(group: Group) -> tuple[int, int, int]:
    """Sort key: budget, then the examples and inputs of the problem."""
    inputs = int(group.resolved["model"].get("inputs", 0))
    return budget_rank(group.budget), group.constant("train_examples") or 0, inputs


def _by_block(found: Sequence[Group]) -> list[list[Group]]:
    """The variants of a recipe that ran in the same way together: the random problems it was tried on."""
    blocks: dict[tuple[Any, ...], list[Group]] = {}
    for group in found:
        blocks.setdefault((group.recipe, group.budget, group.device, group.mark), []).append(group)
    return list(blocks.values())


def _learnt(variants: Sequence[Group]) -> dict[str, Any]:
    """A row over all runs of these groups."""
    first = variants[0]
    solved = _all(variants, "train_solved")
    right = _all(variants, "train_right")
    mistakes = _all(variants, "mistakes")
    used = [count / bound for group in variants for count, bound in _bounded(group)]
    return {
        "recipe": first.recipe,
        "budget": first.budget,
        "device": first.device,
        "variant": first.mark,
        "inputs": first.resolved["model"].get("inputs"),
        "examples": first.constant("train_examples"),
        "problems": len(variants),
        "runs_converged": _share(sum(value == 1 for value in solved), len(solved)),
        "most_right": int(max(right)) if right else None,
        "published_most_right": first.published("train_right"),
        "mistakes": Measure.of(mistakes),
        "most_of_bound_percent": round(100 * max(used), 1) if used else None,
        "runs_within_bound": _share(sum(value <= 1 for value in used), len(used)),
    }


def _share(part: int, whole: int) -> str | None:
    return f"{part} of {whole}" if whole else None


def _all(variants: Sequence[Group], metric: str) -> list[float]:
    return [value for group in variants for value in group.values(metric)]


def _bounded(group: Group) -> list[tuple[float, float]]:
    """Mistakes and bound of each run that has both."""
    mistakes, bound = group.by_seed("mistakes"), group.by_seed("novikoff_bound")
    return [(mistakes[seed], bound[seed]) for seed in mistakes.keys() & bound.keys()]


def _covered(group: Group, load: float) -> dict[str, Any]:
    weights = weights_of(group)
    row: dict[str, Any] = {"recipe": group.recipe, "budget": group.budget, "device": group.device}
    row["variant"] = group.mark
    row |= {
        "weights": weights,
        "points": points_at(load, weights),
        "separable_percent": separable(group, load),
        "exact_separable_percent": round(exact(group, load), 2),
    }
    if load == 2:
        row |= {"mean_separable_points": group.measure("separable_points"), "exact_mean_points": 2 * weights}
    return row
