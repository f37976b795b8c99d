"""The lines a perceptron draws for AND, OR and XOR, and how many random labels a unit takes beside Cover's curve."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from dlbench.records.groups import Group, groups
from dlbench.report.panels.style import (
    BLUE,
    DARK,
    GREY,
    LINES,
    VERMILION,
    block_to_show,
    figure,
    heading,
    nothing,
    quiet,
)
from dlbench.report.panels.unit_square import line, square
from dlbench.studies.perceptron_limits import by_weights, separable, weights_of
from dlbench.training.dichotomies import LOADS, probability

TRUE = {"and": (0, 0, 0, 1), "or": (0, 1, 1, 1), "xor": (0, 1, 1, 0)}  # of the rows 00, 01, 10, 11
MARKERS = "osD^v"


def perceptron_limits(runs: pd.DataFrame, curves: pd.DataFrame) -> Figure:
    """Squares on the left, a line for each seed; the shares measured over the exact curves on the right.

    One budget and one device. The lines are learnt once more as the picture is drawn, with the seeds of the runs.
    curves: not looked at; every figure takes both frames.
    """
    found = groups(runs.reset_index(drop=True))
    found = [group for group in found if group.values("separable_points") or _function(group) in TRUE]
    block = block_to_show(found)
    shown = [group for group in found if (group.budget, group.device) == block]
    covered = by_weights(shown)
    drawn = figure(11, 5.2)
    heading(drawn, "What one unit can learn", shown)
    panels = drawn.subplot_mosaic([["and", "cover"], ["or", "cover"], ["xor", "cover"]], width_ratios=[1, 2.4])
    learnt = {_function(group): group for group in shown if group.values("train_right")}
    for function, true in TRUE.items():
        _square(panels[function], function, [bool(value) for value in true], learnt)
    _cover(panels["cover"], covered)
    return drawn


def _function(group: Group) -> str:
    """The Boolean function a recipe learns; empty for other data."""
    return str(group.resolved.get("data", {}).get("function", ""))


def _square(axes: Axes, function: str, true: Sequence[bool], learnt: Mapping[str, Group]) -> None:
    square(axes, true, size=9)
    axes.set_title(function.upper(), fontsize=10, loc="left")
    axes.set_anchor("W")
    axes.spines[:].set_color(GREY)
    if function not in learnt:
        nothing(axes, "no run")
        return
    from dlbench.studies.figures.learnt_lines import learnt_lines  # loads torch

    group = learnt[function]
    rows = group.constant("train_examples")
    solved = sum(value == 1 for value in group.values("train_solved"))
    for weights, threshold in learnt_lines(group).values():
        line(axes, weights, threshold, BLUE if solved else VERMILION, 1.0)
    most = max(group.values("train_right"))
    told = f"{solved} of {len(group.seeds)} seeds learn it\nat the end {most:.0f} of {rows} right at most"
    axes.annotate(told, (1.06, 0.5), xycoords="axes fraction", va="center", fontsize=9, color=DARK)


def _cover(axes: Axes, covered: Sequence[Group]) -> None:
    quiet(axes)
    axes.set_title("Random labels: how many dichotomies are separable (Cover 1965)", fontsize=11)
    axes.set_xlabel("points for each weight of the unit, N / d")
    axes.set_ylabel("separable (%)")
    axes.set_ylim(-3, 103)
    if not covered:
        nothing(axes, "no unit has been measured")
        return
    axes.axvline(2, color=GREY, linewidth=0.8, linestyle=":")
    axes.axhline(50, color=GREY, linewidth=0.8, linestyle=":")
    for group, colour, marker in zip(covered, LINES, MARKERS, strict=False):
        weights = weights_of(group)
        points = range(weights, int(max(LOADS) * weights) + 1)
        axes.plot(
            [number / weights for number in points],
            [100 * probability(number, weights) for number in points],
            color=colour,
            linewidth=1.4,
        )
        shares = [separable(group, load) for load in LOADS]
        spread = [[share.value - share.low for share in shares], [share.high - share.value for share in shares]]
        axes.errorbar(
            LOADS, [share.value for share in shares], yerr=spread, fmt=marker, color=colour, markersize=5, capsize=2,
            label=f"d = {weights}, {shares[0].n:,} dichotomies",
        )  # fmt: skip
    axes.legend(title="measured; lines: exact", loc="upper right", frameon=False, fontsize=9, title_fontsize=9)
