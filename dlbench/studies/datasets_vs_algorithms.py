"""The lecture's table of data sets and algorithms, and how long breakthroughs waited for either."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from dlbench import published
from dlbench.records.groups import Group, Quoted, Runs
from dlbench.report import columns
from dlbench.report.notes import quoted
from dlbench.report.panels import style
from dlbench.report.panels.style import BLACK, BLUE, DARK, GREY, VERMILION
from dlbench.report.table import Table

if TYPE_CHECKING:
    from matplotlib.figure import Figure

DATA = "breakthroughs"  # a name in a recipe
KEYS = ("since", "budget", "device", "variant")
SOURCE = "the lecture's table"
FEW = "Six rows that the lecture chose: they describe themselves and are no sample of anything."
DOTS = (
    ("algorithm_year", VERMILION, "s", "algorithm proposed"),
    ("dataset_year", BLUE, "o", "data set available"),
    ("year", BLACK, "D", "breakthrough"),  # drawn hollow: one came in the year of its data set
)


def tables(runs: Runs) -> list[Table]:
    """The mean delays worked out from the rows beside the lecture's, then the rows as published."""
    cells: columns.Columns = [
        ("since", since), "budget", "device", columns.OF_NO_SETTING, ("breakthroughs", columns.whole("train_examples")),
        ("mean_years", _value("train_delay_years")), ("published_mean_years", columns.quoted("train_delay_years")),
        ("rms_error_years", _value("train_rms_error_years")),
    ]  # fmt: skip
    groups = delays(runs.groups)
    rows = [_published(row) for row in published.table("datasets_vs_algorithms").to_dict("records")]
    return [
        columns.table("Years to the breakthrough", runs, groups, cells, [*_rounded(groups), FEW], KEYS),
        Table.of("Breakthroughs, their data sets and their algorithms", rows, quoted(rows)),
    ]


def figure(runs: Runs) -> Figure:
    """Each breakthrough on a line of time, and under them the mean delays that runs worked out."""
    groups = delays(runs.groups)
    table = published.table("datasets_vs_algorithms").sort_values("year")
    drawn = style.figure("Breakthroughs wait for algorithms, or for data sets?", groups, 10, 4.8)
    axes = drawn.subplots()
    style.panel(axes, "", "year", grid="x")
    rows = range(len(table))
    axes.plot([table["algorithm_year"], table["year"]], [rows, rows], color=GREY, linewidth=1.4, zorder=1)
    for column, colour, marker, label in DOTS:
        size, face = (150, "none") if column == "year" else (64, colour)
        axes.scatter(
            table[column], rows, s=size, facecolors=face, edgecolors=colour, marker=marker, linewidths=1.8,
            label=label, zorder=2,
        )  # fmt: skip
    axes.set_yticks(rows, ["\n".join(textwrap.wrap(text, 38)) for text in table["breakthrough"]])
    axes.set_ylim(len(table) - 0.5, -0.5)
    axes.legend(loc="upper right", frameon=True, framealpha=0.9, edgecolor="none")
    drawn.supxlabel("; ".join(filter(None, map(_in_words, groups))), fontsize=10, color=DARK)
    return drawn


def delays(groups: Sequence[Group]) -> list[Group]:
    """The groups that work out delays."""
    return [group for group in groups if group.setting("data", "name") == DATA]


def since(group: Group) -> str:
    """`dataset` or `algorithm`."""
    return str(group.setting("data", "since"))


def _value(metric: str) -> columns.Cell:
    return lambda group: next(iter(group.values(metric)), None)


def _rounded(groups: Sequence[Group]) -> list[str]:
    """The means with the digits that the lecture leaves out."""
    means = [f"{delay:.2f}" for group in groups for delay in group.values("train_delay_years")[:1]]
    return [f"To two places: {' and '.join(means)} years."] if means else []


def _published(row: dict[Any, Any]) -> dict[str, Any]:
    """A row of the lecture's table, every cell quoted but what it is about."""
    cells = {f"published_{key}": Quoted(row[key], SOURCE) for key in row if key not in ("breakthrough", "source")}
    return {"breakthrough": row["breakthrough"], **cells}


def _in_words(group: Group) -> str:
    delay = group.measure("train_delay_years")
    named = {"dataset": "data set", "algorithm": "algorithm"}[since(group)]
    return f"mean since the {named}: {delay.mean:.2f} years" if delay else ""
