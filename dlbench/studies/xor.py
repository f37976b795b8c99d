"""One neuron, one perceptron on XOR, one hidden layer: what each learns, how often, and at how many mistakes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from dlbench.records.groups import Group, Runs, seed_range
from dlbench.report import columns
from dlbench.report.columns import Column
from dlbench.report.panels import bars, style
from dlbench.report.table import Table
from dlbench.stats.estimates import Estimate, wilson_interval

if TYPE_CHECKING:
    from matplotlib.figure import Figure

SCORE, RULE = "truth_table", "perceptron_rule"  # names in a recipe
NOTES = (
    "Solved: every row of the truth table right at the last step. Brackets: Wilson's 95 % interval.",
    "Bound: (R / gamma)^2 on the mistakes of Rosenblatt's rule (Novikoff 1962); none without a separating line.",
)


def tables(runs: Runs) -> list[Table]:
    """One row a recipe: the share of seeds that got every row right, and the mistakes against Novikoff's bound."""
    groups = [group for group in runs.ended if is_scored(group)]
    return [columns.table("One neuron, XOR, one hidden layer", runs, groups, COLUMNS, [*NOTES, *_diverged(groups)])]


def figure(runs: Runs) -> Figure:
    """One bar a recipe, as long as the share of seeds that solve it."""
    rates = [(group, rate.scaled(100)) for group in runs.ended if (rate := solve_rate(group))]
    shares = [bars.Bar(group.label, rate, written=f"{rate.value:.0f} % (n={rate.n})") for group, rate in rates]
    drawn = style.figure(
        "Who learns the truth table?", [group for group, _ in rates], 8, 1.9 + 0.45 * len(rates or "12")
    )
    axes = drawn.subplots()
    bars.ranked(axes, shares, "seeds that get every row right (%), with Wilson's 95 % interval")
    axes.set_xlim(0, 118)
    axes.set_xticks(range(0, 101, 20))
    return drawn


def solve_rate(group: Group) -> Estimate | None:
    """The share of seeds in [0, 1] that solved the task, with Wilson's interval; None where no run says."""
    solved = _solved(group)
    return wilson_interval(sum(solved), len(solved)) if solved else None


def finding(group: Group) -> str:
    """The result of a recipe's runs, in words; only Rosenblatt's rule, which stops by itself, may converge."""
    solved, right, bounded = _solved(group), _metric(group, "right"), _within_bound(group)
    if not solved:
        return ""
    if group.setting("training", "name") != RULE:
        return f"solved in {sum(solved)} of {len(solved)} runs"
    words = [_converged(solved)]
    if right and not any(solved):
        words.append(f"at most {max(right.values()):.0f} of {group.constant('train_examples')} right")
    if bounded:
        words.append(f"mistakes {'within' if all(bounded) else 'NOT within'} Novikoff's bound in every run")
    return "; ".join(words)


def is_scored(group: Group) -> bool:
    """Whether the recipe learns a truth table, even if no run of it came as far as a score."""
    return bool(_metric(group, "right") or _metric(group, "solved")) or group.setting("score", "name") == SCORE


def _solved_percent(group: Group) -> Estimate | None:
    rate = solve_rate(group)
    return rate.scaled(100) if rate else None


def _most(metric: str) -> columns.Cell:
    return lambda group: int(max(values)) if (values := list(_metric(group, metric).values())) else None


def _bounded_runs(group: Group) -> str | None:
    bounded = _within_bound(group)
    return f"{sum(bounded)} of {len(bounded)}" if bounded else None


COLUMNS: tuple[Column, ...] = (
    *columns.NAMED,
    ("finding", finding),
    ("solved_percent", _solved_percent),
    ("most_right", _most("right")),
    ("published_most_right", lambda group: group.published("train_right") or group.published("right")),
    ("examples", columns.whole("train_examples")),
    "mistakes",
    ("most_mistakes", _most("mistakes")),
    ("novikoff_bound", lambda group: min(group.values("novikoff_bound"), default=None)),
    ("runs_within_bound", _bounded_runs),
)


def _metric(group: Group, name: str) -> dict[int, Any]:
    """A score by seed, by the name it has on the training split."""
    return group.by_seed(f"train_{name}") or group.by_seed(name)


def _solved(group: Group) -> list[bool]:
    """Whether each seed solved its task; one that diverged did not, and one without a score is left out."""
    scored = _metric(group, "solved")
    diverged = dict(zip(group.seeds, group.runs["status"] == "diverged", strict=True))
    return [not failed and scored[seed] == 1 for seed, failed in diverged.items() if failed or seed in scored]


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


def _diverged(groups: Sequence[Group]) -> list[str]:
    failed = [(group.recipe, group.runs.loc[group.runs["status"] == "diverged", "seed"]) for group in groups]
    named = [f"{recipe} seed {seed_range(int(seed) for seed in seeds)}" for recipe, seeds in failed if len(seeds)]
    return [f"Diverged, and counted as not solved: {'; '.join(named)}."] if named else []
