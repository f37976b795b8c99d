"""How often each unit or net learns its truth table: share of seeds with Wilson's interval."""

from __future__ import annotations

import pandas as pd
from matplotlib.figure import Figure

from dlbench.records.groups import groups
from dlbench.report.panels.style import BLUE, DARK, VERMILION, block_to_show, figure, heading, nothing, quiet
from dlbench.studies.xor import COUNTED, solve_rate


def xor(runs: pd.DataFrame, curves: pd.DataFrame) -> Figure:
    """One bar a recipe, blue where any seed solves it; one budget and one device.

    curves: not looked at; every figure takes both frames.
    """
    found = groups(runs.reset_index(drop=True), COUNTED)
    block = block_to_show(found)
    shown = [(group, rate) for group in found if (group.budget, group.device) == block and (rate := solve_rate(group))]
    drawn = figure(8, 1.9 + 0.45 * max(len(shown), 2))
    heading(drawn, "Who learns the truth table?", [group for group, _ in shown])
    axes = drawn.subplots()
    quiet(axes)
    axes.grid(visible=False, axis="y")
    axes.set_xlabel("seeds that get every row right (%), with Wilson's 95 % interval")
    axes.set_xlim(0, 118)
    axes.set_xticks(range(0, 101, 20))
    if not shown:
        nothing(axes, "no run has finished")
        return drawn
    for place, (_, rate) in enumerate(shown):
        share = rate.scaled(100)
        axes.barh(place, share.value, color=BLUE, height=0.6)
        axes.plot(
            [share.low, share.high],
            [place, place],
            color=DARK if share.value else VERMILION,
            linewidth=1.4,
            marker="|",
            markersize=8,
        )
        written = f"{share.value:.0f} % (n={share.n})"
        axes.annotate(written, (share.high, place), xytext=(6, 0), textcoords="offset points", va="center", fontsize=9)
    axes.set_yticks(
        range(len(shown)), [group.recipe + (f" ({group.variant})" if group.variant else "") for group, _ in shown]
    )
    axes.set_ylim(len(shown) - 0.4, -0.6)
    return drawn
