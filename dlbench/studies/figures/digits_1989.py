"""Rejection curves: how many of the digits a net answers are wrong, the more of them it may refuse."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from dlbench.records.groups import Group, groups
from dlbench.report.panels.style import DARK, LINES, block_to_show, figure, heading, nothing, quiet
from dlbench.studies.digits_1989 import curve

TARGET_PERCENT = 1.0  # the share of errors at which the papers state their reject rates


def digits_1989(runs: pd.DataFrame, curves: pd.DataFrame) -> Figure:
    """One line a net, mean over seeds with a band of one sd; open marks are the published figures.

    curves: not looked at; every figure takes both frames.
    """
    found = [group for group in groups(runs.reset_index(drop=True)) if group.values("test_rejected_percent")]
    block = block_to_show(found)
    shown = [group for group in found if (group.budget, group.device) == block]
    drawn = figure(8, 5.4)
    heading(drawn, "Refusing the doubtful digits", shown)
    axes = drawn.subplots()
    quiet(axes)
    axes.set_xlabel("test digits rejected (%)")
    axes.set_ylabel("errors among those accepted (%)")
    if not shown:
        nothing(axes, "no net has finished")
        return drawn
    colours = dict(zip(shown, LINES * len(shown), strict=False))
    for group, colour in colours.items():
        _line(axes, group, colour)
        _published(axes, group, colour)
    axes.axhline(TARGET_PERCENT, color=DARK, linewidth=0.9, linestyle=":")
    axes.set_ylim(bottom=0)
    axes.set_xlim(left=-0.6)
    axes.legend(handles=_keys(shown, list(colours.values())), frameon=False, fontsize=9)
    drawn.supxlabel("line: mean; band: one sd over seeds either way; dotted: 1 % of errors", fontsize=9, color=DARK)
    return drawn


def _line(axes: Axes, group: Group, colour: str) -> None:
    points = [(share, group.measure(metric)) for share, metric in curve(group)]
    means = {share: measure.mean for share, measure in points if measure}
    axes.plot(list(means), list(means.values()), color=colour, linewidth=2, marker="o", markersize=3.5)
    spread = {share: measure.sd for share, measure in points if measure and measure.has_spread}
    low, high = ([means[share] + side * sd for share, sd in spread.items()] for side in (-1, 1))
    if spread:
        axes.fill_between(list(spread), low, high, color=colour, alpha=0.15, linewidth=0)


def _published(axes: Axes, group: Group, colour: str) -> None:
    """The error without rejection, and where the target is reached, as the paper has them."""
    error, rejected = group.published("test_error_percent"), group.published("test_rejected_percent")
    marks = [(0.0, float(error.value))] if error else []
    marks += [(float(rejected.value), TARGET_PERCENT)] if rejected else []
    for x, y in marks:
        axes.plot(x, y, marker="D", markersize=8, markerfacecolor="white", markeredgecolor=colour, markeredgewidth=1.8)


def _keys(shown: Sequence[Group], colours: Sequence[str]) -> list[Line2D]:
    names = [f"{group.recipe} ({group.variant})" if group.variant else group.recipe for group in shown]
    keys = [Line2D([], [], color=c, linewidth=2, label=name) for name, c in zip(names, colours, strict=True)]
    published = Line2D(
        [], [], color=DARK, linestyle="", marker="D", markerfacecolor="white", label="published, on other digits"
    )
    return [*keys, published]
