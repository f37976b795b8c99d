"""ReLU against tanh as in Figure 1 of Krizhevsky et al. 2012, what prevents overfitting, first-layer filters."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import StrMethodFormatter

from dlbench.records import store
from dlbench.records.groups import Group, groups, of_most_seeds
from dlbench.report.panels import learning_curve
from dlbench.report.panels.filters import mosaic
from dlbench.report.panels.style import BLUE, DARK, GREY, VERMILION, bar, block_to_show, figure, heading, nothing, quiet
from dlbench.stats.numerals import number
from dlbench.studies.alexnet_tricks import (  # fmt: skip
    ACTIVATIONS,
    LEARNT_PERCENT,
    REGULARISED,
    activation,
    arms,
    augmented,
    dropout,
    first_weights,
    lr,
)

METRIC = "train_error_percent"
COLOURS = {"relu": BLUE, "tanh": VERMILION}
NAMES = {"relu": "ReLU", "tanh": "tanh"}
STYLES = {"file": "-", "fan_in": "--"}
WEIGHTS = {"file": "", "fan_in": ", scaled weights"}


def alexnet_tricks(runs: pd.DataFrame, curves: pd.DataFrame) -> Figure:
    """Training error by step; errors with and without augmentation and dropout; filters of seed 0.

    One budget and one device. Means over seeds, with one sd either way.
    """
    found = groups(runs.reset_index(drop=True))
    chosen = of_most_seeds([*arms(found, ACTIVATIONS), *arms(found, REGULARISED)])
    block = block_to_show(chosen)
    shown = [group for group in chosen if (group.budget, group.device) == block]
    drawn = figure(13.5, 5.0)
    heading(drawn, "What AlexNet's tricks are worth", shown)
    left, middle, right = drawn.subplots(1, 3, width_ratios=[1.25, 1.1, 1])
    _curves(left, arms(shown, ACTIVATIONS), curves)
    _errors(middle, arms(shown, REGULARISED))
    _filters(right, shown)
    return drawn


def _curves(axes: Axes, shown: Sequence[Group], curves: pd.DataFrame) -> None:
    quiet(axes)
    axes.set_title("four-layer net: ReLU and tanh", fontsize=11)
    axes.set_xlabel("step")
    axes.set_ylabel("training error (%)")
    axes.xaxis.set_major_formatter(StrMethodFormatter("{x:,.0f}"))
    for group in shown:
        line = learning_curve.over_seeds(group, curves, METRIC)
        if len(line):
            label = f"{NAMES[activation(group)]}{WEIGHTS[first_weights(group)]}, rate {number(lr(group))}"
            learning_curve.draw(axes, line, COLOURS[activation(group)], label, STYLES[first_weights(group)])
    if not axes.lines:
        nothing(axes, "no curve was kept")
        return
    axes.axhline(LEARNT_PERCENT, color=DARK, linewidth=0.8)
    axes.set_ylim(0, 95)
    axes.legend(frameon=True, framealpha=0.85, edgecolor="none", fontsize=9)


def _errors(axes: Axes, shown: Sequence[Group]) -> None:
    quiet(axes)
    axes.set_title("AlexNet: error (%) in training and test", fontsize=11)
    axes.grid(visible=False, axis="x")
    if not shown:
        nothing(axes, "no net has finished")
        return
    for place, group in enumerate(shown):
        for metric, offset, colour in ((METRIC, -0.2, GREY), ("test_error_percent", 0.2, BLUE)):
            if measured := group.measure(metric):
                bar(axes, place + offset, measured, colour)
    axes.set_xticks(range(len(shown)), [_means(group) for group in shown])
    axes.margins(y=0.15)
    handles = [axes.patches[0], axes.patches[1]]
    axes.legend(handles, ["training", "test"], ncols=2, frameon=False, fontsize=9, loc="upper right")


def _means(group: Group) -> str:
    """What keeps the net from overfitting, in words."""
    told = ["augmented"] if augmented(group) else []
    told += ["dropout"] if dropout(group) else []
    return "\nand ".join(told) or "neither"


def _filters(axes: Axes, shown: Sequence[Group]) -> None:
    """The first layers of three nets under each other."""
    wanted = [group for group in shown if group.recipe in ("four-layer-relu", "four-layer-tanh", "alexnet-both")]
    kept = {group.recipe: store.pictures(Path(group.runs["path"].iloc[0])).get("filters") for group in wanted}
    rows = {name: filters for name, filters in kept.items() if filters is not None}
    axes.set_axis_off()
    axes.set_title("first-layer filters", fontsize=11)
    if not rows:
        nothing(axes, "no filters were kept")
        return
    for place, (name, filters) in enumerate(rows.items()):
        mosaic(axes.inset_axes((0.0, 1 - (place + 0.93) / len(rows), 1.0, 0.8 / len(rows))), filters, name)
