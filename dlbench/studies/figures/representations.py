"""What n units tell apart, and what a net knows of things it never saw, by the code that stands for things."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from dlbench.records.groups import Group, groups
from dlbench.report.panels.style import (  # fmt: skip
    BLUE,
    DARK,
    GREY,
    VERMILION,
    bar,
    block_to_show,
    figure,
    heading,
    nothing,
    quiet,
)
from dlbench.studies.representations import capacity, code, generalisation, units

COLOURS = {"distributed": BLUE, "localist": VERMILION, "random": GREY}
MEANT = {
    "localist": "a unit for\neach thing",
    "random": "shared units\nthat mean nothing",
    "distributed": "units for shape,\ncolour, size",
}
CHANCE_PERCENT = 50.0


def representations(runs: pd.DataFrame, curves: pd.DataFrame) -> Figure:
    """Things told apart by number of units left; errors with one sd over seeds right; one budget and one device.

    curves: not looked at; every figure takes both frames.
    """
    found = groups(runs.reset_index(drop=True))
    chosen = [*capacity(found), *generalisation(found)]
    block = block_to_show(chosen)
    shown = [group for group in chosen if (group.budget, group.device) == block]
    drawn = figure(10.5, 4.8)
    heading(drawn, "One unit a thing, or many units for every thing", shown)
    left, right = drawn.subplots(1, 2)
    _capacity(left, capacity(shown))
    _errors(right, generalisation(shown))
    return drawn


def _capacity(axes: Axes, shown: Sequence[Group]) -> None:
    quiet(axes)
    axes.set_title("things told apart", fontsize=11)
    axes.set_xlabel("units")
    if not shown:
        nothing(axes, "no code was tried")
        return
    axes.set_yscale("log", base=2)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    for name, law in (("distributed", "2ⁿ"), ("localist", "n")):
        found = {units(group): group.values("train_told_apart")[0] for group in shown if code(group) == name}
        if found:
            _growth(axes, found, COLOURS[name], f"{name}: {law}", [2**n if law == "2ⁿ" else n for n in sorted(found)])
    axes.margins(y=0.12)


def _growth(axes: Axes, found: Mapping[int, float], colour: str, label: str, exact: Sequence[float]) -> None:
    """Dots for what was counted, on a line for what is exact, named at its end."""
    counts = sorted(found)
    axes.plot(counts, exact, color=colour, linewidth=1.2, alpha=0.6)
    axes.plot(counts, [found[n] for n in counts], "o", color=colour, markersize=7)
    end = (counts[-1], found[counts[-1]])
    axes.annotate(label, end, xytext=(-8, 9), textcoords="offset points", ha="right", color=colour)


def _errors(axes: Axes, shown: Sequence[Group]) -> None:
    quiet(axes)
    axes.set_title("error (%) on things shown (pale) and never seen (full), ± sd", fontsize=11)
    axes.grid(visible=False, axis="x")
    if not shown:
        nothing(axes, "no net has learnt")
        return
    for place, group in enumerate(shown):
        for metric, offset, alpha in (("train_error_percent", -0.2, 0.35), ("test_error_percent", 0.2, 1.0)):
            if measured := group.measure(metric):
                bar(axes, place + offset, measured, COLOURS[code(group)], alpha)
    axes.axhline(CHANCE_PERCENT, color=DARK, linewidth=0.9, linestyle="--")
    axes.annotate("chance", (len(shown) - 0.5, CHANCE_PERCENT), xytext=(0, 3), textcoords="offset points", ha="right")
    axes.set_xticks(range(len(shown)), [MEANT[code(group)] for group in shown])
    axes.set_ylim(0, 72)
