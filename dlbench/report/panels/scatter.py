"""What a result cost: a metric against seconds, parameters or joules, a dot for each run, named where they lie."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

from dlbench.records.groups import Group
from dlbench.report.cells import heading
from dlbench.report.panels.style import DARK, nothing, panel
from dlbench.stats.estimates import mean

if TYPE_CHECKING:
    from matplotlib.axes import Axes

WIDE: Final = 30  # costs so many times apart stand on a scale of logarithms


def against(axes: Axes, colours: Mapping[Group, str], metric: str, cost: str) -> None:
    """Draw the groups in their colours, those whose runs have both."""
    panel(axes, "", heading(cost), heading(metric))
    costs: list[float] = []
    for group, colour in colours.items():
        ends, spent = group.by_seed(metric), group.by_seed(cost)
        seeds = sorted(ends.keys() & spent.keys())
        x, y = [spent[seed] for seed in seeds], [ends[seed] for seed in seeds]
        if seeds:
            axes.plot(x, y, "o", color=colour, markersize=4, alpha=0.6)
            place = (x[0], y[0])
            if group.runs["fingerprint"].nunique() == 1:  # a mean cost of unlike machines is that of none
                place = (mean(x), mean(y))
                axes.plot(*place, "o", color=colour, markersize=9, markeredgecolor=DARK)
            axes.annotate(group.label, place, xytext=(6, 4), textcoords="offset points", fontsize=8)
            costs += x
    if not costs:
        nothing(axes, f"no run has {heading(cost)}")
        return
    if 0 < min(costs) < max(costs) / WIDE:
        axes.set_xscale("log")
    axes.margins(x=0.2)
