"""The 16 functions of two inputs, each with the line that separates it if one does, and the count by inputs."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure, SubFigure

from dlbench.records.groups import Group, groups
from dlbench.report.panels.style import BLUE, DARK, GREY, VERMILION, block_to_show, figure, heading, nothing, quiet
from dlbench.report.panels.unit_square import CORNERS, line, square
from dlbench.studies.gates import COUNTED, inputs_of
from dlbench.training.separation import smallest_unit

NAMES = {0: "never", 6: "XOR", 7: "NAND", 8: "AND", 1: "NOR", 9: "XNOR", 14: "OR", 15: "always"}


def gates(runs: pd.DataFrame, curves: pd.DataFrame) -> Figure:
    """Squares on the left, their lines found by linear programming as the picture is drawn; the runs' counts right.

    One budget and one device. curves: not looked at; every figure takes both frames.
    """
    found = [group for group in groups(runs.reset_index(drop=True)) if group.values(COUNTED)]
    block = block_to_show(found)
    shown = sorted((group for group in found if (group.budget, group.device) == block), key=inputs_of)
    drawn = figure(11, 5.6)
    heading(drawn, "Which Boolean functions can one unit compute?", shown)
    ((left, right),) = drawn.subfigures(1, 2, squeeze=False, width_ratios=[1.15, 1])
    _squares(left)
    _counts(right.subplots(), shown)
    return drawn


def _squares(panel: SubFigure) -> None:
    panel.supxlabel("the functions of two inputs: corner filled where true, line where one unit decides", fontsize=9)
    rows = np.array(CORNERS, dtype=float)
    for number, axes in enumerate(panel.subplots(4, 4).flat):
        true = np.array([bool(number >> row & 1) for row in range(len(rows))])
        unit = smallest_unit(rows, true)
        square(axes, list(true), size=7)
        colour = VERMILION if unit is None else BLUE
        if unit is not None:
            line(axes, unit.weights.tolist(), unit.threshold - 0.5, BLUE, 1.8)  # half way to the nearest silent row
        axes.spines[:].set_color(VERMILION if unit is None else GREY)
        axes.spines[:].set_linewidth(2.0 if unit is None else 0.6)
        if number in NAMES:
            axes.set_title(NAMES[number], fontsize=8, pad=2, color=colour if unit is None else DARK)


def _counts(axes: Axes, shown: Sequence[Group]) -> None:
    quiet(axes)
    axes.set_title("counted for more inputs", fontsize=11)
    axes.set_xlabel("inputs")
    axes.set_ylabel("functions")
    if not shown:
        nothing(axes, "no count has finished")
        return
    axes.set_yscale("log", base=10)
    for place, group in enumerate(shown):
        every, some = 2**2 ** inputs_of(group), group.values(COUNTED)[0]
        axes.bar(place - 0.2, every, 0.38, color=GREY, label="all" if not place else None)
        axes.bar(place + 0.2, some, 0.38, color=BLUE, label="computed by one unit" if not place else None)
        for x, count, told in (
            (place - 0.2, every, f"{every:,}"),
            (place + 0.2, some, f"{some:,.0f}\n{100 * some / every:.2g} %"),
        ):
            axes.annotate(told, (x, count), xytext=(0, 3), textcoords="offset points", ha="center", fontsize=9)
    axes.set_xticks(range(len(shown)), [str(inputs_of(group)) for group in shown])
    axes.set_ylim(1, 4e5)
    axes.legend(loc="upper left", frameon=False, fontsize=9)
