"""Learning curves with and without batch normalisation, and how many steps each point of the grid took."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.colors import LogNorm
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, NullLocator, StrMethodFormatter

from dlbench.report.panels import learning_curve
from dlbench.report.panels.style import BLUE, DARK, VERMILION, block_to_show, figure, heading, nothing, quiet
from dlbench.stats.numerals import number
from dlbench.studies.batchnorm import ACCURATE_PERCENT, Point, grid, points, recipes

METRIC = "test_error_percent"
NETS = ("plain", "batch normalisation")  # from top to bottom
COLOURS = dict(zip(NETS, (VERMILION, BLUE), strict=True))
STYLES = ("-", "--", ":", "-.")
TICKS_PERCENT = (1, 2, 3, 5, 10, 20, 50, 100)


def batchnorm(runs: pd.DataFrame, curves: pd.DataFrame) -> Figure:
    """Test error by step of the recipes left; right a grid for each net, of one budget and device."""
    found = points(runs.reset_index(drop=True))
    block = block_to_show([point.group for point in found])
    here = [point for point in found if (point.group.budget, point.group.device) == block]
    drawn = figure(12.5, 5.2)
    heading(drawn, "Learning with and without batch normalisation", [point.group for point in recipes(here)])
    panels = drawn.subplot_mosaic([["curves", NETS[0]], ["curves", NETS[1]]], width_ratios=[1, 1.25])
    _curves(panels["curves"], recipes(here), curves)
    searched = grid(here)
    steps = [learning_curve.first_step(each.group, curves, METRIC, ACCURATE_PERCENT, seed=0) for each in searched]
    cells = dict(zip(searched, steps, strict=True))
    for net in NETS:
        _heat_map(panels[net], net, {each: value for each, value in cells.items() if each.net == net}, _scale(cells))
    return drawn


def _curves(axes: Axes, shown: Sequence[Point], curves: pd.DataFrame) -> None:
    quiet(axes)
    axes.set_xlabel("step")
    axes.set_ylabel("test error (%)")
    axes.xaxis.set_major_formatter(StrMethodFormatter("{x:,.0f}"))
    drawn = 0
    for point in shown:
        line = learning_curve.over_seeds(point.group, curves, METRIC)
        if len(line):
            before = sum(each.net == point.net for each in shown[: shown.index(point)])
            label = f"{point.net}, sd {number(point.init_sd)}, rate {number(point.lr)}"
            learning_curve.draw(axes, line, COLOURS[point.net], label, STYLES[before % len(STYLES)])
            drawn += 1
    if not drawn:
        nothing(axes, "no curve was kept")
        return
    axes.axhline(ACCURATE_PERCENT, color=DARK, linewidth=0.8)
    axes.set_yscale("log")  # some nets learn nothing, and others differ by a point
    axes.set_ylim(top=100)
    axes.yaxis.set_major_locator(FixedLocator(TICKS_PERCENT))
    axes.yaxis.set_minor_locator(NullLocator())
    axes.yaxis.set_major_formatter(StrMethodFormatter("{x:.0f}"))
    axes.legend(frameon=False, fontsize=8.5, ncols=2, loc="upper center", bbox_to_anchor=(0.5, -0.13))


def _scale(cells: Mapping[Point, int | None]) -> LogNorm:
    """From the fewest steps in any cell of either net to the most."""
    reached = [value for value in cells.values() if value is not None]
    return LogNorm(min(reached, default=1), max([*reached, min(reached, default=1) + 1]))


def _heat_map(axes: Axes, net: str, cells: Mapping[Point, int | None], scale: LogNorm) -> None:
    """A cell for each point, dark where it took long, and white where it did not get there."""
    axes.set_title(f"{net}: steps to {number(ACCURATE_PERCENT)} % test error (seed 0)", fontsize=11)
    if not cells:
        axes.set_axis_off()
        nothing(axes, "no grid was searched")
        return
    rates, sds = sorted({point.lr for point in cells}), sorted({point.init_sd for point in cells})
    values = np.full((len(sds), len(rates)), math.nan)
    least = min((value for value in cells.values() if value is not None), default=None)
    for point, value in cells.items():
        row, column = sds.index(point.init_sd), rates.index(point.lr)
        values[row, column] = math.nan if value is None else value
        late = value is not None and float(scale(value)) > 0.5
        axes.text(
            column,
            row,
            f"{point.group.by_seed(METRIC).get(0, math.nan):.0f} %" if value is None else f"{value:,}",
            ha="center",
            va="center",
            fontsize=9.5,
            fontweight="bold" if value is not None and value == least else "normal",
            color="white" if late else "black",
        )
    # an even scale that the colour-blind see as it is
    axes.imshow(values, cmap=colormaps["cividis_r"].with_extremes(bad="white"), norm=scale, aspect="auto")
    axes.set_xticks(range(len(rates)), [number(rate) for rate in rates])
    axes.set_yticks(range(len(sds)), [number(sd) for sd in sds])
    axes.set_ylabel("sd of the first weights")
    if net == NETS[-1]:
        axes.set_xlabel("learning rate (white: never so low; the error it ended with)")
