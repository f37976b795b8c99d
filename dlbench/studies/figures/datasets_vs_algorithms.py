"""Each breakthrough on a line of time, with the algorithm and the data set it waited for."""

from __future__ import annotations

import textwrap

import pandas as pd
from matplotlib.figure import Figure

from dlbench import published
from dlbench.records.groups import Group, groups
from dlbench.report.panels.style import BLACK, BLUE, DARK, GREY, VERMILION, block_to_show, figure, heading, quiet
from dlbench.studies.datasets_vs_algorithms import DATA

DOTS = (
    ("algorithm_year", VERMILION, "s", "algorithm proposed"),
    ("dataset_year", BLUE, "o", "data set available"),
    ("year", BLACK, "D", "breakthrough"),  # drawn hollow: one came in the year of its data set
)


def datasets_vs_algorithms(runs: pd.DataFrame, curves: pd.DataFrame) -> Figure:
    """The lecture's six rows, and under them the mean delays that runs worked out, of one budget and device.

    curves: not looked at; every figure takes both frames.
    """
    found = [g for g in groups(runs.reset_index(drop=True)) if g.resolved["data"].get("name") == DATA]
    block = block_to_show(found)
    shown = [group for group in found if (group.budget, group.device) == block]
    table = published.table("datasets_vs_algorithms").sort_values("year")
    drawn = figure(10, 4.8)
    heading(drawn, "Breakthroughs wait for algorithms, or for data sets?", shown)
    axes = drawn.subplots()
    quiet(axes)
    axes.grid(visible=False, axis="y")
    for place, row in enumerate(table.to_dict("records")):
        axes.plot([row["algorithm_year"], row["year"]], [place, place], color=GREY, linewidth=1.4, zorder=1)
    for column, colour, marker, label in DOTS:
        size, face = (150, "none") if column == "year" else (64, colour)
        axes.scatter(
            table[column], range(len(table)), s=size, facecolors=face, edgecolors=colour, marker=marker,
            linewidths=1.8, label=label, zorder=2,
        )  # fmt: skip
    axes.set_yticks(range(len(table)), ["\n".join(textwrap.wrap(text, 38)) for text in table["breakthrough"]])
    axes.set_ylim(len(table) - 0.5, -0.5)
    axes.set_xlabel("year")
    axes.legend(loc="upper right", frameon=True, framealpha=0.9, edgecolor="none")
    drawn.supxlabel("; ".join(filter(None, map(_told, shown))), fontsize=10, color=DARK)
    return drawn


def _told(group: Group) -> str:
    delay = group.measure("train_delay_years")
    since = {"dataset": "data set", "algorithm": "algorithm"}[group.resolved["data"]["since"]]
    return f"mean since the {since}: {delay.mean:.2f} years" if delay else ""
