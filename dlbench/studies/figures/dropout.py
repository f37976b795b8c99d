"""Test error by what keeps a net from overfitting, and how it comes about step by step."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import StrMethodFormatter

from dlbench.report.panels import learning_curve
from dlbench.report.panels.style import DARK, GREY, LINES, block_to_show, figure, heading, nothing, quiet
from dlbench.studies.dropout import Arm, arms

METRIC = "test_error_percent"


def dropout(runs: pd.DataFrame, curves: pd.DataFrame) -> Figure:
    """Bars left (mean, sd, every seed a dot) for most examples, curves right; one budget and device."""
    found = arms(runs.reset_index(drop=True))
    budget, device = block_to_show([arm.group for arm in found])
    here = [arm for arm in found if (arm.group.budget, arm.group.device) == (budget, device) and not _is_searched(arm)]
    most = [arm for arm in here if arm.examples == here[0].examples]
    drawn = figure(11, 4.8)
    heading(drawn, "Ways not to overfit", [arm.group for arm in here])
    left, right = drawn.subplots(1, 2, width_ratios=[1.15, 1])
    _bars(left, here)
    _curves(right, most, curves)
    return drawn


def _is_searched(arm: Arm) -> bool:
    """Whether this is a point of a sweep that the recipe did not settle on: of several, those have one seed."""
    return bool(arm.group.variant) and len(arm.group.seeds) == 1


def _bars(axes: Axes, shown: Sequence[Arm]) -> None:
    quiet(axes)
    axes.grid(visible=False, axis="y")
    axes.set_xlabel("test error (%): mean, one sd either way, a dot for each seed")
    if not shown:
        nothing(axes, "nothing has finished")
        return
    for place, arm in enumerate(shown):
        measure, values = arm.group.measure(METRIC), arm.group.values(METRIC)
        if measure is None:
            continue
        axes.barh(place, measure.mean, color=_colour(arm, shown), height=0.66, alpha=0.75)
        if measure.has_spread:
            axes.errorbar(measure.mean, place, xerr=measure.sd, color=DARK, capsize=3, linewidth=1.2)
        axes.plot(values, [place] * len(values), "o", color=DARK, markersize=2.5, alpha=0.6)
        end = (max([measure.mean + (measure.sd if measure.has_spread else 0), *values]), place)
        axes.annotate(str(measure), end, xytext=(6, 0), textcoords="offset points", va="center", fontsize=9)
    axes.set_yticks(range(len(shown)), [f"{arm.means}\n{arm.examples:,} examples" for arm in shown], fontsize=9)
    axes.set_ylim(len(shown) - 0.4, -0.6)
    axes.set_xlim(0, 1.3 * max([value for arm in shown for value in arm.group.values(METRIC)], default=1))


def _curves(axes: Axes, shown: Sequence[Arm], curves: pd.DataFrame) -> None:
    quiet(axes)
    axes.set_xlabel("step")
    axes.set_ylabel("test error (%)")
    axes.xaxis.set_major_formatter(StrMethodFormatter("{x:,.0f}"))
    lines = {arm: learning_curve.over_seeds(arm.group, curves, METRIC) for arm in shown}
    for arm, line in lines.items():
        if len(line):
            learning_curve.draw(axes, line, _colour(arm, shown), arm.means)
    lasts = [float(line["mean"].iloc[-1]) for line in lines.values() if len(line)]
    if not lasts:
        nothing(axes, "no curve was kept")
        return
    axes.set_ylim(0.8 * min(lasts), 2.5 * max(lasts))  # the steep start would leave the ends on top of each other
    axes.legend(frameon=False, fontsize=9)
    axes.set_title(f"{shown[0].examples:,} examples", fontsize=11)


def _colour(arm: Arm, shown: Sequence[Arm]) -> str:
    """An arm's colour on both sides; grey for those that have no curve."""
    most = [each for each in shown if each.examples == shown[0].examples]
    return LINES[most.index(arm) % len(LINES)] if arm in most else GREY
