"""Errors of plain and residual nets by step, as in Figs. 1 and 6 of He et al. 2015, and by depth."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import StrMethodFormatter

from dlbench.report.panels.style import DARK, LINES, block_to_show, figure, heading, nothing, quiet
from dlbench.studies.nets import KINDS, Net, by_depth

STYLES = {"train_error_percent": ("--", 1.2), "test_error_percent": ("-", 2.0)}
KIND_STYLES = (("-", "s"), ("--", "o"))  # of plain and residual nets where both are in one picture
RUN = ("path", "recipe", "budget", "device", "seed", "recipe_digest", "fingerprint")  # of these, what curves have


def degradation(runs: pd.DataFrame, curves: pd.DataFrame) -> Figure:
    """Means over seeds, with one sd either way where there are several; one budget and one device.

    curves: one row a score event, `step`, `train_error_percent`, `test_error_percent`, and what names the run (RUN).
    """
    found = by_depth(runs.reset_index(drop=True))
    block = block_to_show([net.group for net in found])
    shown = [net for net in found if (net.group.budget, net.group.device) == block]
    points = {net: means(net, curves) for net in shown}
    drawn = figure(13, 5.2)
    heading(drawn, "Plain and residual nets by depth", [net.group for net in shown])
    *panels, last = drawn.subplots(1, len(KINDS) + 1)
    panels[1].sharex(panels[0])
    panels[1].sharey(panels[0])
    colours = dict(zip(sorted({net.depth for net in shown}), LINES, strict=False))
    for axes, kind in zip(panels, KINDS, strict=True):
        _panel(axes, kind, {net: each for net, each in points.items() if net.kind == kind}, colours)
    panels[0].set_ylabel("error (%)")
    _by_depth(last, shown)
    _limit(panels[0], list(points.values()))
    drawn.supxlabel(_caption(shown, curves), fontsize=9, color=DARK)
    return drawn


def means(net: Net, curves: pd.DataFrame) -> pd.DataFrame:
    """Mean, sd and count of both errors at every step, over the runs of the net that count; indexed by step."""
    names = [name for name in RUN if name in curves and name in net.group.runs]
    own = curves.merge(net.group.runs[names], on=names)
    return own.groupby("step")[list(STYLES)].agg(["mean", "std", "count"])


def _panel(axes: Axes, kind: str, points: Mapping[Net, pd.DataFrame], colours: Mapping[int, str]) -> None:
    quiet(axes)
    axes.set_title(f"{kind} nets", fontsize=11)
    axes.set_xlabel("step")
    axes.xaxis.set_major_formatter(StrMethodFormatter("{x:,.0f}"))
    if not points:
        nothing(axes, f"no {kind} net has finished")
        return
    for net, each in points.items():
        for metric, (style, width) in STYLES.items():
            _line(axes, each[metric], colours[net.depth], style, width)
    handles = [Line2D([], [], color=colours[net.depth], linewidth=2, label=_label(net)) for net in points]
    axes.legend(handles=handles, loc="best", frameon=True, framealpha=0.85, edgecolor="none", fontsize=9)


def _line(axes: Axes, line: pd.DataFrame, colour: str, style: str, width: float) -> None:
    line = line.dropna(subset=["mean"])
    axes.plot(
        line.index,
        line["mean"],
        style,
        color=colour,
        linewidth=width,
        marker="o",
        markersize=2.5 if len(line) <= 12 else 0,
    )
    if (line["count"] > 1).any():
        axes.fill_between(
            line.index, line["mean"] - line["std"], line["mean"] + line["std"], color=colour, alpha=0.15, linewidth=0
        )


def _by_depth(axes: Axes, shown: Sequence[Net]) -> None:
    """What training ends with, a line for each kind: the gap between the two is what shortcuts do at that depth."""
    quiet(axes)
    axes.set_title("training error (%) at the end", fontsize=11)
    axes.set_xlabel("layers")
    axes.set_xticks(sorted({net.depth for net in shown}))
    measured = {net: measure for net in shown if not net.mark and (measure := net.group.measure("train_error_percent"))}
    for kind, (style, shape) in zip(KINDS, KIND_STYLES, strict=True):
        line = {net.depth: measure for net, measure in measured.items() if net.kind == kind}
        if not line:
            continue
        means = [measure.mean for measure in line.values()]
        spread = [measure.sd if measure.has_spread else 0.0 for measure in line.values()]
        axes.errorbar(list(line), means, spread, color=DARK, linestyle=style, marker=shape, capsize=3, label=kind)
    if not measured:
        nothing(axes, "no net has finished")
        return
    axes.margins(y=0.12)
    axes.legend(frameon=True, framealpha=0.85, edgecolor="none", fontsize=9)


def _label(net: Net) -> str:
    return f"{net.kind}-{net.depth}{f' ({net.mark})' if net.mark else ''}"


def _limit(axes: Axes, points: Sequence[pd.DataFrame]) -> None:
    """Cuts off the steep start, as the paper does, at twice the largest last error, so that the ends stand apart."""
    lasts = [float(each[metric]["mean"].iloc[-1]) for each in points for metric in STYLES if len(each)]
    low, high = axes.get_ylim()
    if lasts:
        axes.set_ylim(max(low, 0), min(high, max(2 * max(lasts), 1)))


def _caption(shown: Sequence[Net], curves: pd.DataFrame) -> str:
    if not shown:
        return ""
    told = ["solid: test error", "dashed: training error"]
    if any(len(net.group.seeds) > 1 for net in shown):
        told.append("bands and bars: one sd over seeds either way")
    sizes = pd.Series(dtype=float)
    if "examples_per_split" in curves:
        paths = [path for net in shown for path in net.group.runs.get("path", [])]
        sizes = curves.loc[curves["path"].isin(paths), "examples_per_split"].dropna()
    if len(sizes):
        told.append(f"on the way from {int(sizes.min()):,} examples of each split, at the end from all")
    return "; ".join(told)
