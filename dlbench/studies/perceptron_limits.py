"""Rosenblatt's rule against Novikoff's bound, and random labels against Cover's count."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from dlbench.records import store
from dlbench.records.groups import Group, Runs, budget_rank
from dlbench.report import columns
from dlbench.report.panels import style, unit_square
from dlbench.report.panels.style import BLUE, DARK, GREY, LINES, VERMILION, nothing
from dlbench.report.table import Table
from dlbench.stats.estimates import Estimate, Measure, wilson_interval
from dlbench.training.dichotomies import LOADS, points_at, probability

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

KEYS = ("recipe", "budget", "device", "variant")
SHOWN_LOADS = (1.5, 2, 2.5)
LEARNT = (
    "Converged: a whole sweep without a mistake. A recipe of random points counts all its problems.",
    "Bound: (R / gamma)^2 on the mistakes of the rule (Novikoff 1962); none without a separating plane.",
)
COVERED = (
    "Separable: share of random dichotomies that some unit gives, by linear programming, over all seeds; "
    "in brackets Wilson's 95 % interval.",
    "Exact: 2^(1-N) sum_{k<d} C(N-1, k) for N points and d weights, and 2d points on average (Cover 1965).",
)
TRUE = {"and": (0, 0, 0, 1), "or": (0, 1, 1, 1), "xor": (0, 1, 1, 0)}  # of the rows 00, 01, 10, 11


def tables(runs: Runs) -> list[Table]:
    """One table of what is learnt and at how many mistakes, one of how many random labels a unit takes."""
    learnt = sorted((group for group in runs.groups if group.values("mistakes")), key=_by_size)
    covered = by_weights(runs.groups)
    problems = [_learnt(members) for members in _by_block(learnt)]
    loads = [row for group in covered for row in _covered(group)]
    return [
        columns.of_rows("Rosenblatt's rule and Novikoff's bound", runs, learnt, _placed(problems), LEARNT, KEYS),
        columns.of_rows("How many random labels one unit takes", runs, covered, _placed(loads), COVERED, KEYS),
    ]


def figure(runs: Runs) -> Figure:
    """Left, squares shaded where the seeds' units say yes; right, measured shares over exact curves."""
    learnt = {function: group for group in runs.groups if (function := group.setting("data", "function")) in TRUE}
    covered = by_weights(runs.groups)
    drawn = style.figure("What one unit can learn", [*learnt.values(), *covered], 11, 5.2)
    panels = drawn.subplot_mosaic([["and", "cover"], ["or", "cover"], ["xor", "cover"]], width_ratios=[1, 2.4])
    for function in TRUE:
        _square(panels[function], function, learnt.get(function))
    _cover(panels["cover"], covered)
    return drawn


def by_weights(groups: Sequence[Group]) -> list[Group]:
    """The groups that took random labels, the smallest budget and the smallest unit first."""
    covered = (group for group in groups if group.values("separable_points"))
    return sorted(covered, key=lambda group: (budget_rank(group.budget), weights_of(group)))


def weights_of(group: Group) -> int:
    """How many weights the unit has, its threshold among them."""
    return int(group.values("parameters")[0])


def separable(group: Group, load: float) -> Estimate:
    """The share in percent of all dichotomies, over all seeds, that a unit gives to `load` points a weight."""
    tried, shares = group.by_seed("dichotomies"), group.by_seed(f"separable_percent_at_{load:g}d")
    successes = sum(round(shares[seed] * tried[seed] / 100) for seed in shares)
    return wilson_interval(successes, int(sum(tried[seed] for seed in shares))).scaled(100)


def _placed(rows: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """The rows, without a device that all of them share."""
    several = len({row["device"] for row in rows}) > 1
    return [row if several else row | {"device": None} for row in rows]


def _by_size(group: Group) -> tuple[int, int, int]:
    """Sort key: budget, then the examples and inputs of the problem."""
    inputs = int(group.setting("model", "inputs", 0))
    return budget_rank(group.budget), group.constant("train_examples") or 0, inputs


def _by_block(groups: Sequence[Group]) -> list[list[Group]]:
    """The variants of a recipe that ran in the same way together: the random problems it was tried on."""
    blocks: dict[tuple[Any, ...], list[Group]] = {}
    for group in groups:
        blocks.setdefault((group.recipe, group.budget, group.device, group.mark), []).append(group)
    return list(blocks.values())


def _names(group: Group) -> dict[str, Any]:
    return {"recipe": group.recipe, "budget": group.budget, "device": group.device, "variant": group.mark}


def _learnt(variants: Sequence[Group]) -> dict[str, Any]:
    """A row over all runs of these groups."""

    def values(metric: str) -> list[float]:
        return [value for group in variants for value in group.values(metric)]

    first, solved, right = variants[0], values("train_solved"), values("train_right")
    used = [count / bound for group in variants for count, bound in _bounded(group)]
    return _names(first) | {
        "inputs": first.setting("model", "inputs"),
        "examples": first.constant("train_examples"),
        "problems": len(variants),
        "runs_converged": _share(sum(value == 1 for value in solved), len(solved)),
        "most_right": int(max(right)) if right else None,
        "published_most_right": first.published("train_right"),
        "mistakes": Measure.of(values("mistakes")),
        "most_of_bound_percent": round(100 * max(used), 1) if used else None,
        "runs_within_bound": _share(sum(value <= 1 for value in used), len(used)),
    }


def _share(part: int, whole: int) -> str | None:
    return f"{part} of {whole}" if whole else None


def _bounded(group: Group) -> list[tuple[float, float]]:
    """Mistakes and bound of each run that has both."""
    mistakes, bound = group.by_seed("mistakes"), group.by_seed("novikoff_bound")
    return [(mistakes[seed], bound[seed]) for seed in mistakes.keys() & bound.keys()]


def _covered(group: Group) -> list[dict[str, Any]]:
    """A row for each load that is shown; the means stand in that of two points a weight."""
    weights, rows = weights_of(group), []
    for load in SHOWN_LOADS:
        points = points_at(load, weights)
        row = _names(group) | {
            "weights": weights,
            "points": points,
            "separable_percent": separable(group, load),
            "exact_separable_percent": round(100 * probability(points, weights), 2),
        }
        means = {"mean_separable_points": group.measure("separable_points"), "exact_mean_points": 2 * weights}
        rows.append(row | (means if load == 2 else {}))
    return rows


def _square(axes: Axes, function: str, group: Group | None) -> None:
    unit_square.square(axes, [bool(value) for value in TRUE[function]], size=9)
    axes.set_title(function.upper(), fontsize=10, loc="left")
    axes.set_anchor("W")
    axes.spines[:].set_color(GREY)
    if group is None:
        nothing(axes, "no run")
        return
    pictures_of_runs = [store.pictures(Path(path)) for path in group.runs["path"]]
    answers = [pictures["answers"][0] for pictures in pictures_of_runs if "answers" in pictures]
    solved = sum(value == 1 for value in group.values("train_solved"))
    if answers:
        unit_square.answers(axes, np.mean(answers, axis=0), BLUE if solved else VERMILION)
    most, rows = max(group.values("train_right")), group.constant("train_examples")
    words = f"{solved} of {len(group.seeds)} seeds learn it\nat the end {most:.0f} of {rows} right at most"
    axes.annotate(words, (1.06, 0.5), xycoords="axes fraction", va="center", fontsize=9, color=DARK)


def _cover(axes: Axes, covered: Sequence[Group]) -> None:
    title = "Random labels: how many dichotomies are separable (Cover 1965)"
    style.panel(axes, title, "points for each weight of the unit, N / d", "separable (%)")
    axes.set_ylim(-3, 103)
    if not covered:
        nothing(axes, "no unit has been measured")
        return
    axes.axvline(2, color=GREY, linewidth=0.8, linestyle=":")
    axes.axhline(50, color=GREY, linewidth=0.8, linestyle=":")
    for group, colour, marker in zip(covered, LINES, "osD^v", strict=False):
        weights = weights_of(group)
        points = range(weights, int(max(LOADS) * weights) + 1)
        exact = [100 * probability(number, weights) for number in points]
        axes.plot([number / weights for number in points], exact, color=colour, linewidth=1.4)
        shares = [separable(group, load) for load in LOADS]
        spread = [[share.value - share.low for share in shares], [share.high - share.value for share in shares]]
        axes.errorbar(
            LOADS, [share.value for share in shares], yerr=spread, fmt=marker, color=colour, markersize=5, capsize=2,
            label=f"d = {weights}, {shares[0].n:,} dichotomies",
        )  # fmt: skip
    axes.legend(title="measured; lines: exact", loc="upper right", frameon=False, fontsize=9, title_fontsize=9)
