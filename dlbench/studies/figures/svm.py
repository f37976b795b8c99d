"""Errors of each classifier with its pixels in place and shuffled; and of a polynomial kernel by its degree."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from dlbench.records.groups import Group, groups
from dlbench.report.panels.style import BLUE, DARK, ORANGE, VERMILION, block_to_show, figure, heading, nothing, quiet
from dlbench.studies.svm import degree, is_small, published_by_degree, shuffled

HEIGHT = 0.36


def svm(runs: pd.DataFrame, curves: pd.DataFrame) -> Figure:
    """Left a pair of bars a classifier of MNIST, right a line of errors by degree; one budget and one device.

    curves: not looked at; every figure takes both frames.
    """
    found = [group for group in groups(runs.reset_index(drop=True)) if group.values("test_error_percent")]
    block = block_to_show(found)
    shown = [group for group in found if (group.budget, group.device) == block]
    degrees = {degree(group): group for group in sorted(shown, key=degree) if is_small(group) and degree(group)}
    twins = shuffled(shown)
    bars = [group for group in shown if group not in twins.values() and not is_small(group)]
    drawn = figure(11, 2.4 + 0.5 * max(len(bars), 4))
    heading(drawn, "Support vector machines against nets", [*bars, *twins.values(), *degrees.values()])
    left, right = drawn.subplots(1, 2, width_ratios=(3, 2))
    _bars(left, bars, twins)
    _degrees(right, degrees)
    keys = [Patch(color=BLUE, label="pixels in place"), Patch(color=ORANGE, label="pixels shuffled"), _mark([], [])]
    drawn.legend(handles=keys, loc="outside lower center", ncols=3, frameon=False, fontsize=9)
    return drawn


def _bars(axes: Axes, bars: Sequence[Group], twins: Mapping[Group, Group]) -> None:
    quiet(axes)
    axes.grid(visible=False, axis="y")
    axes.set_xlabel("test error (%), MNIST")
    if not bars:
        nothing(axes, "no classifier has finished")
        return
    for place, group in enumerate(bars):
        twin = twins.get(group)
        _bar(axes, place - (HEIGHT / 2 if twin else 0), group, BLUE)
        if twin:
            _bar(axes, place + HEIGHT / 2, twin, ORANGE)
        quoted = group.published("test_error_percent")
        if quoted:
            mark = _mark([float(quoted.value)], [place - (HEIGHT / 2 if twin else 0)])
            axes.add_line(mark)
    axes.set_yticks(
        range(len(bars)), [f"{group.recipe}\n({group.variant})" if group.variant else group.recipe for group in bars]
    )
    axes.set_ylim(len(bars) - 0.4, -0.6)
    axes.set_xlim(0, 1.25 * axes.get_xlim()[1])


def _mark(x: Sequence[float], y: Sequence[float]) -> Line2D:
    """An open diamond, for what others measured."""
    return Line2D(
        x, y, linestyle="", marker="D", markersize=7, markerfacecolor="white", markeredgecolor=DARK,
        label="published, 60,000 examples",
    )  # fmt: skip


def _bar(axes: Axes, place: float, group: Group, colour: str) -> None:
    measure = group.measure("test_error_percent")
    if measure is None:
        return
    axes.barh(place, measure.mean, height=HEIGHT, color=colour)
    spread = measure.sd if measure.has_spread else 0.0
    if spread:
        axes.errorbar(measure.mean, place, xerr=spread, color=DARK, capsize=2.5, linewidth=1.1)
    axes.annotate(
        str(measure),
        (measure.mean + spread, place),
        xytext=(12, 0),
        textcoords="offset points",
        va="center",
        fontsize=8,
    )


def _degrees(axes: Axes, degrees: Mapping[int, Group]) -> None:
    quiet(axes)
    axes.set_xlabel("degree of the polynomial kernel")
    axes.set_ylabel("test error (%), 7,291 digits at 16x16")
    if not degrees:
        nothing(axes, "no polynomial machine has finished")
        return
    measured = {
        degree: measure.mean for degree, group in degrees.items() if (measure := group.measure("test_error_percent"))
    }
    quoted = published_by_degree()
    axes.plot(list(measured), list(measured.values()), color=BLUE, linewidth=2, marker="o", label="measured: MNIST")
    axes.plot(
        list(quoted), [float(each.value) for each in quoted.values()], color=VERMILION, linewidth=1.2,
        label="published: digits from envelopes", linestyle="--", marker="D", markerfacecolor="white",
    )  # fmt: skip
    axes.set_ylim(bottom=0)
    axes.legend(frameon=False, fontsize=9)
