"""Sweeps until XOR is learnt, by the number of hidden units, and for the nets of 1986 with what was reported."""

from __future__ import annotations

import random
import textwrap
from collections.abc import Sequence

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import StrMethodFormatter

from dlbench.records.groups import Group, groups
from dlbench.report.panels.style import BLUE, DARK, VERMILION, block_to_show, figure, heading, nothing, quiet
from dlbench.studies.backprop import is_taught, sweeps_of_converged

PREFIX = "xor-hidden-"  # recipes of nets that differ in their hidden units alone: xor-hidden-8


def backprop(runs: pd.DataFrame, curves: pd.DataFrame) -> Figure:
    """A dot for each seed that learnt, its median as a bar, the published figure as a diamond; one budget and device.

    curves: not looked at; every figure takes both frames.
    """
    found = [group for group in groups(runs.reset_index(drop=True)) if is_taught(group) and not _by_gates(group)]
    block = block_to_show(found)
    shown = [group for group in found if (group.budget, group.device) == block]
    by_hidden = {hidden: group for group in shown if (hidden := _hidden(group))}
    others = [group for group in shown if group not in by_hidden.values()]
    drawn = figure(11, 5)
    heading(drawn, "How many sweeps error propagation takes", shown)
    left, right = drawn.subplots(1, 2, sharey=True, width_ratios=(1, 1.25))
    _panel(left, [by_hidden[hidden] for hidden in sorted(by_hidden)], [str(hidden) for hidden in sorted(by_hidden)])
    left.set_title("XOR by number of hidden units", fontsize=11)
    left.set_xlabel("hidden units")
    left.set_ylabel("sweeps until learnt")
    _panel(right, others, [_label(group) for group in others])
    right.set_title("other nets", fontsize=11)
    left.set_ylim(top=2 * left.get_ylim()[1])  # room for the shares
    drawn.supxlabel(
        "dot: one seed that learnt; bar: median of those; diamond: published; above: share of seeds that learnt",
        fontsize=9,
        color=DARK,
    )
    return drawn


def _hidden(group: Group) -> int | None:
    """How many hidden units, of a recipe that belongs to the row of widths."""
    number = group.recipe.removeprefix(PREFIX)
    return int(number) if number != group.recipe and number.isdigit() and not group.variant else None


def _by_gates(group: Group) -> bool:
    """Whether this net is there to be compared with its twin, and would be drawn twice."""
    return bool(group.resolved["training"].get("gradients") == "gates")


def _label(group: Group) -> str:
    words = textwrap.wrap(group.recipe.replace("-", " "), 9)
    return "\n".join([*words, *([group.variant] if group.variant else [])])


def _panel(axes: Axes, shown: Sequence[Group], labels: Sequence[str]) -> None:
    quiet(axes)
    axes.set_yscale("log")
    axes.yaxis.set_major_formatter(StrMethodFormatter("{x:,.0f}"))
    if not shown:
        nothing(axes, "no run has finished")
        return
    for place, group in enumerate(shown):
        _column(axes, place, group)
    axes.set_xticks(range(len(shown)), labels, fontsize=9)
    axes.set_xlim(-0.6, len(shown) - 0.4)


def _column(axes: Axes, place: int, group: Group) -> None:
    learnt = sorted(sweeps_of_converged(group))
    scatter = random.Random(0)  # the same picture every time
    places = [place + scatter.uniform(-0.22, 0.22) for _ in learnt]
    axes.plot(places, learnt, "o", color=BLUE, markersize=3.5, alpha=0.45, markeredgewidth=0)
    if learnt:
        middle = (learnt[(len(learnt) - 1) // 2] + learnt[len(learnt) // 2]) / 2
        axes.plot([place - 0.32, place + 0.32], [middle, middle], color=DARK, linewidth=2)
    published = group.published("sweeps")
    if published:
        axes.plot(place, float(published.value), "D", color=VERMILION, markersize=8, markeredgecolor="white")
    share = 100 * len(learnt) / len(group.seeds)
    axes.annotate(
        f"{share:.0f} %", (place, 0.985), xycoords=("data", "axes fraction"), ha="center", va="top", fontsize=9
    )
