"""The teams of ILSVRC 2012 as published, the same question measured on CIFAR-10, and what more examples change."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Patch

from dlbench.records.groups import groups
from dlbench.report.panels.style import (
    BLUE,
    DARK,
    GREY,
    ORANGE,
    VERMILION,
    block_to_show,
    figure,
    heading,
    nothing,
    quiet,
)
from dlbench.studies.ilsvrc import convolutional, ranked, teams
from dlbench.studies.sizes import Family, families


@dataclass(frozen=True)
class Bar:
    """One entry: its name, its error in per cent, the sd over seeds (NaN if unknown), and whether it convolves."""

    name: str
    error: float
    sd: float
    convolutional: bool
    written: str


def ilsvrc(runs: pd.DataFrame, curves: pd.DataFrame) -> Figure:
    """Published top-5 errors left, measured top-1 errors right (mean, sd over seeds) of one budget and device.

    Where models were taught with several numbers of examples, a third panel shows their errors by that number.
    curves: not looked at; every figure takes both frames.
    """
    entries = [group for group, _ in ranked(runs.reset_index(drop=True))]
    block = block_to_show(entries)
    shown = [group for group in entries if (group.budget, group.device) == block]
    grown = [family for family in families(groups(runs.reset_index(drop=True))) if family.block[:2] == block]
    drawn = figure(15.5, 4.8) if grown else figure(11, 4.6)
    heading(drawn, "Convolutional nets against hand-made features", shown)
    left, right, *by_size = drawn.subplots(1, 3 if grown else 2)
    _bars(left, _published(), "published: ILSVRC 2012, top-5 test error (%)")
    measured = []
    for group in shown:
        measure = group.measure("test_error_percent")
        if measure:
            name = f"{group.recipe}\n({group.variant})" if group.variant else group.recipe
            measured.append(Bar(name, measure.mean, measure.sd, convolutional(group), str(measure)))
    _bars(right, measured, f"measured here: {_data(runs)}, top-1 test error (%)")
    for axes in by_size:
        _by_size(axes, grown)
    keys = [Patch(color=BLUE, label="convolutional"), Patch(color=GREY, label="not convolutional")]
    drawn.legend(handles=keys, loc="outside lower center", ncols=2, frameon=False, fontsize=9)
    return drawn


def _published() -> list[Bar]:
    return [
        Bar(
            team["team"],
            float(team["lecture_percent"]),
            math.nan,
            team["method"] == "convolutional",
            str(team["lecture_percent"]),
        )
        for team in teams().to_dict("records")
    ]


def _data(runs: pd.DataFrame) -> str:
    """The data set's name, if all runs share it."""
    names = {str(resolved.get("data", {}).get("name", "")) for resolved in runs["recipe_json"]}
    name = names.pop() if len(names) == 1 else "several data sets"
    return {"cifar10": "CIFAR-10", "cifar100": "CIFAR-100"}.get(name, name)


def _bars(axes: Axes, bars: Sequence[Bar], title: str) -> None:
    quiet(axes)
    axes.set_title(title, fontsize=11)
    axes.grid(visible=False, axis="y")
    if not bars:
        nothing(axes, "no entry has finished")
        return
    places = range(len(bars))
    axes.barh(
        places, [bar.error for bar in bars], color=[BLUE if bar.convolutional else GREY for bar in bars], height=0.66
    )
    for place, bar in zip(places, bars, strict=True):
        spread = bar.sd if math.isfinite(bar.sd) else 0.0
        if spread:
            axes.errorbar(bar.error, place, xerr=spread, color=DARK, capsize=3, linewidth=1.2)
        axes.annotate(
            bar.written, (bar.error + spread, place), xytext=(4, 0), textcoords="offset points", va="center", fontsize=9
        )
    axes.set_yticks(places, [bar.name for bar in bars])
    axes.set_ylim(len(bars) - 0.4, -0.6)
    axes.set_xlim(0, 1.35 * max(bar.error for bar in bars))


def _by_size(axes: Axes, grown: Sequence[Family]) -> None:
    """One line a family: solid and blue what convolves, dashed what does not."""
    quiet(axes)
    axes.set_title("measured here: top-1 test error (%) by size", fontsize=11)
    others = iter((GREY, ORANGE, VERMILION, DARK) * len(grown))
    for family in grown:
        errors = family.errors()
        axes.errorbar(
            list(errors), [error.mean for error in errors.values()],
            yerr=[error.sd if error.n > 1 else 0.0 for error in errors.values()],
            color=BLUE if family.convolutional else next(others), linestyle="-" if family.convolutional else "--",
            marker="o", markersize=4, capsize=3, label=family.name,
        )  # fmt: skip
    sizes = sorted({size for family in grown for size in family.errors()})
    axes.set_xscale("log")
    axes.set_xticks(sizes, [f"{size:,}" for size in sizes])
    axes.minorticks_off()
    axes.margins(x=0.08)
    axes.set_xlabel("training examples")
    axes.legend(frameon=False, fontsize=9)
