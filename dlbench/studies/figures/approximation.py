"""Error against units for one hidden layer, Barron's bound, and the sawtooth that depth folds."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import fmean

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import StrMethodFormatter

from dlbench.records.groups import Group, groups, of_most_seeds
from dlbench.report.panels.style import (  # fmt: skip
    BLUE,
    DARK,
    GREEN,
    GREY,
    ORANGE,
    PURPLE,
    VERMILION,
    block_to_show,
    figure,
    heading,
    nothing,
    quiet,
)
from dlbench.studies.approximation import is_close, is_folded, units

# what a line's recipes are called before their number of units, how it is drawn, and what it shows
LINES = {
    "wave-cubic-": (PURPLE, "s", "a wave, cubic units, least squares"),
    "bump-logistic-": (GREEN, "^", "a bump in the plane, logistic, least squares"),
    "wave-sgd-": (VERMILION, "D", "a wave, logistic, gradient descent"),
    "wave-logistic-": (BLUE, "o", "a wave, logistic, least squares"),
}
BOUNDED = ("wave-logistic-", "bump-logistic-")
NETS = {"sawtooth-deep": (BLUE, "o"), "sawtooth-wide": (ORANGE, "s"), "sawtooth-trained": (VERMILION, "D")}


def approximation(runs: pd.DataFrame, curves: pd.DataFrame) -> Figure:
    """Means over seeds, ticks from the smallest to the largest seed; one budget and one device.

    curves: not looked at; every figure takes both frames.
    """
    found = [group for group in groups(runs.reset_index(drop=True)) if is_close(group) or is_folded(group)]
    block = block_to_show(found)
    shown = of_most_seeds([group for group in found if (group.budget, group.device) == block])
    close, folded = [g for g in shown if is_close(g)], [g for g in shown if is_folded(g)]
    drawn = figure(13, 5.4)
    heading(drawn, "What one hidden layer can approximate, and what depth makes cheap", shown)
    axes = drawn.subplot_mosaic([["sup", "mse", "teeth"], ["sup", "mse", "pieces"]])
    _errors(axes["sup"], close, "test_sup_error", "largest deviation on the test's grid")
    _errors(axes["mse"], close, "test_mean_squared_error", "mean squared error, and Barron's bound (dashed)")
    _bounds(axes["mse"], close)
    _teeth(axes["teeth"])
    _pieces(axes["pieces"], folded)
    handles, labels = axes["sup"].get_legend_handles_labels()
    drawn.legend(handles, labels, loc="outside lower left", ncols=2, frameon=False, fontsize=9)
    return drawn


def _errors(axes: Axes, shown: Sequence[Group], metric: str, title: str) -> None:
    quiet(axes)
    axes.set_title(title, fontsize=10)
    axes.set_xlabel("hidden units")
    axes.set_xscale("log", base=2)
    axes.set_yscale("log")
    axes.xaxis.set_major_formatter(StrMethodFormatter("{x:.0f}"))
    if not shown:
        nothing(axes, "no run has finished")
    for prefix, (colour, marker, label) in LINES.items():
        line = sorted((group for group in shown if _belongs(group, prefix)), key=units)
        if line:
            places, values = [units(group) for group in line], [group.values(metric) for group in line]
            axes.plot(places, [fmean(each) for each in values], marker, ls="-", color=colour, label=label, markersize=5)
            axes.vlines(places, [min(each) for each in values], [max(each) for each in values], color=colour, alpha=0.5)


def _belongs(group: Group, prefix: str) -> bool:
    return group.recipe.removeprefix(prefix).isdigit()


def _bounds(axes: Axes, shown: Sequence[Group]) -> None:
    for prefix in BOUNDED:
        line = sorted((group for group in shown if _belongs(group, prefix)), key=units)
        bounds = [group.values("test_barron_bound")[0] for group in line]
        axes.plot([units(group) for group in line], bounds, "--", color=LINES[prefix][0], linewidth=1.2)


def _teeth(axes: Axes) -> None:
    """The mirror map once, three times and seven times over, drawn from its formula."""
    quiet(axes)
    axes.set_title("the mirror map, folded 1, 3 and 7 times", fontsize=10)
    places = np.arange(2**7 + 1) / 2**7
    for layers, colour in ((7, GREY), (3, BLUE), (1, VERMILION)):
        values = places
        for _ in range(layers):
            values = 1 - abs(2 * values - 1)
        axes.plot(places, values, color=colour, linewidth=0.7 if layers == 7 else 1.6)
    axes.set_yticks([0, 1])


def _pieces(axes: Axes, shown: Sequence[Group]) -> None:
    quiet(axes)
    axes.set_title("straight pieces by units, seven folds", fontsize=10)
    axes.set_xscale("log", base=2)
    axes.set_yscale("log", base=2)
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_formatter(StrMethodFormatter("{x:.0f}"))
    axes.set_xlabel("hidden units")
    axes.set_xlim(7, 400)
    axes.set_ylim(2, 400)
    if not shown:
        nothing(axes, "no run has finished")
        return
    most = np.array([7, 400])
    axes.plot(most, most + 1, "--", color=DARK, linewidth=1)
    axes.annotate("most of a shallow net", (32, 18), fontsize=8, color=DARK)
    for group in shown:
        colour, marker = NETS.get(group.recipe, (GREY, "o"))
        pieces = fmean(group.values("train_pieces"))
        axes.plot(units(group), pieces, marker, color=colour, markersize=7)
        error = fmean(group.values("train_error_percent"))
        words = f"{group.recipe.removeprefix('sawtooth-')}: {error:.0f} % wrong"
        axes.annotate(words, (units(group), pieces), xytext=(9, -9), textcoords="offset points", fontsize=8, color=DARK)
