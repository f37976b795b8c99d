"""Sweeps until a net has learnt, beside those reported in 1986; and gates against torch."""

from __future__ import annotations

import json
import random
import textwrap
from collections.abc import Sequence
from typing import TYPE_CHECKING

from dlbench.records.groups import Group, Runs, settings
from dlbench.report import columns
from dlbench.report.panels import style
from dlbench.report.panels.style import BLUE, DARK, VERMILION, nothing
from dlbench.report.table import Table
from dlbench.stats.estimates import Estimate, Measure, median, wilson_interval
from dlbench.stats.numerals import number

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

DEVIATION = "train_largest_relative_deviation"
SIZES = "model.sizes"
NOTES = (
    "Learnt: every output within 0.1 of its target of 0.1 or 0.9, which is a squared error of 0.01 a pattern. "
    "Brackets: Wilson's 95 % interval.",
    "Sweeps: up to the one in which that was so, weights changed once a sweep; a net that never learns counts every "
    "sweep of its budget. Published sweeps are of one run each, but for Chauvin's of two layers: 280 - 33 log2(hidden "
    "units).",
    "As drawn: every row right, mirrored weights cancel to 10 % of the largest, and sizes are in the ratio 1 : 2 : 4, "
    "to 5 points of their shares.",
)


def tables(runs: Runs) -> list[Table]:
    """One table of sweeps, one row a recipe; one of how far the gates' gradients are from torch's."""
    sweeps: columns.Columns = [
        *columns.NAMED,
        ("learnt_percent", _share("converged")),
        "sweeps",
        ("median_sweeps", _median_sweeps),
        "published_sweeps",
        ("sweeps_where_learnt", _where_learnt),
        ("solved_as_drawn_percent", _share("train_solved_as_drawn")),
        ("init_range", columns.setting("model", "init_range")),
        ("lr", columns.setting("training", "lr")),
        "parameters",
    ]
    gradients: columns.Columns = [
        *columns.NAMED,
        ("largest_relative_deviation", lambda group: f"{max(group.values(DEVIATION)):.1e}"),
        ("gradients", columns.whole("train_gradients")),
        ("activation", columns.setting("model", "activation")),
        ("seeds", lambda group: len(group.seeds)),
    ]
    taught = [group for group in runs.groups if is_taught(group)]
    checked = [group for group in runs.groups if group.values(DEVIATION)]
    return [
        columns.table("Sweeps until a net has learnt", runs, taught, sweeps, NOTES),
        columns.table("Gradients of a graph of gates against torch's", runs, checked, gradients),
    ]


def figure(runs: Runs) -> Figure:
    """A dot for each seed that learnt, its median as a bar, the published figure as a diamond."""
    groups = [group for group in runs.groups if is_taught(group) and group.setting("training", "gradients") != "gates"]
    widths = sorted(by_width(groups), key=hidden_units)
    others = [group for group in groups if group not in widths]
    drawn = style.figure("How many sweeps error propagation takes", groups, 11, 5)
    left, right = drawn.subplots(1, 2, sharey=True, width_ratios=(1, 1.25))
    style.panel(left, "XOR by number of hidden units", "hidden units", "sweeps until learnt")
    style.panel(right, "other nets")
    _columns(left, widths, [str(hidden_units(group)) for group in widths])
    _columns(right, others, ["\n".join(textwrap.wrap(group.label.replace("-", " "), 9)) for group in others])
    left.set_ylim(top=2 * left.get_ylim()[1])  # room for the shares
    style.caption(
        drawn, "dot: one seed that learnt; bar: median of those; diamond: published; above: share of seeds that learnt"
    )
    return drawn


def is_taught(group: Group) -> bool:
    """Whether these runs count sweeps until they have learnt, and are not there to check gradients."""
    return bool(group.values("sweeps")) and not group.values(DEVIATION)


def by_width(groups: Sequence[Group]) -> list[Group]:
    """The largest set of nets that differ only in the sizes of their layers; empty if no two do."""
    sets: dict[str, list[Group]] = {}
    for group in groups:
        recipe_settings = settings(group.resolved)
        if len(recipe_settings.pop(SIZES, ())) == 3 and not group.variant:
            sets.setdefault(json.dumps(recipe_settings, sort_keys=True), []).append(group)
    largest = max(sets.values(), key=len, default=[])
    return largest if len(largest) > 1 else []


def hidden_units(group: Group) -> int:
    """How many units the hidden layer has."""
    return int(group.setting("model", "sizes")[1])


def sweeps_of_converged(group: Group) -> list[float]:
    """The sweeps of every seed that learnt."""
    converged = group.by_seed("converged")
    return [sweeps for seed, sweeps in group.by_seed("sweeps").items() if converged.get(seed) == 1.0]


def share(group: Group, metric: str) -> Estimate | None:
    """The seeds whose metric is 1, in per cent, with Wilson's interval; None where no run has it."""
    values = group.values(metric)
    return wilson_interval(sum(value == 1.0 for value in values), len(values)).scaled(100) if values else None


def _median_sweeps(group: Group) -> float | str:
    """The median over all seeds; a lower bound where half of them or more never learnt."""
    never = group.never("sweeps")
    middle = median(group.values("sweeps"))
    return f"≥ {number(middle)}" if 2 * len(never) >= len(group.seeds) else middle


def _share(metric: str) -> columns.Cell:
    return lambda group: share(group, metric)


def _where_learnt(group: Group) -> Measure | None:
    sweeps = sweeps_of_converged(group)
    return Measure.of(sweeps) if sweeps else None


def _columns(axes: Axes, groups: Sequence[Group], labels: Sequence[str]) -> None:
    axes.set_yscale("log")
    style.thousands(axes.yaxis)
    if not groups:
        nothing(axes, "no run has finished")
        return
    for position, group in enumerate(groups):
        _column(axes, position, group)
    axes.set_xticks(range(len(groups)), labels, fontsize=9)
    axes.set_xlim(-0.6, len(groups) - 0.4)


def _column(axes: Axes, position: int, group: Group) -> None:
    learnt = sorted(sweeps_of_converged(group))
    scatter = random.Random(0)  # the same picture every time
    positions = [position + scatter.uniform(-0.22, 0.22) for _ in learnt]
    axes.plot(positions, learnt, "o", color=BLUE, markersize=3.5, alpha=0.45, markeredgewidth=0)
    if learnt:
        axes.plot([position - 0.32, position + 0.32], [median(learnt)] * 2, color=DARK, linewidth=2)
    if published := group.published("sweeps"):
        axes.plot(position, float(published.value), "D", color=VERMILION, markersize=8, markeredgecolor="white")
    text, top = f"{100 * len(learnt) / len(group.seeds):.0f} %", (position, 0.985)
    axes.annotate(text, top, xycoords=("data", "axes fraction"), ha="center", va="top", fontsize=9)
