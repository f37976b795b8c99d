"""What nets of 1943's neurons compute, and how many Boolean functions a single unit can."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from dlbench.records.groups import Group, Runs, budget_rank
from dlbench.report import columns
from dlbench.report.panels import bars, pictures, style, unit_square
from dlbench.report.panels.style import BLUE, DARK, GREY, VERMILION, nothing
from dlbench.report.table import Table
from dlbench.stats.estimates import Measure

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure, SubFigure

SEPARABLE = "train_separable_functions"
NOTES = (
    "Separable: the unit was found by linear programming and is right on every row; one program for all "
    "functions that differ in which inputs are negated or exchanged, or in their own negation.",
    "Right on parity: the most rows of parity, XOR for two inputs, that any single unit gets right.",
)
NAMES = {0: "never", 6: "XOR", 7: "NAND", 8: "AND", 1: "NOR", 9: "XNOR", 14: "OR", 15: "always"}


def tables(runs: Runs) -> list[Table]:
    """One table of the gates, rows right of all rows, and one of the functions that single units compute."""
    wired = [group for group in runs.groups if group.values("train_right")]
    counting = sorted((group for group in runs.groups if group.values(SEPARABLE)), key=_by_inputs)
    gates: columns.Columns = [
        *columns.NAMED, ("rows", columns.whole("train_examples")), ("rows_right", columns.whole("train_right")),
        ("published_rows_right", columns.quoted("train_right")),
    ]  # fmt: skip
    counts: columns.Columns = [
        *columns.NAMED, ("inputs", inputs_of), ("functions", functions_of),
        ("linear_programs", columns.whole("linear_programs")), ("separable_functions", columns.whole(SEPARABLE)),
        ("published_separable_functions", columns.quoted(SEPARABLE)),
        ("separable_percent", lambda group: round(group.values("train_separable_percent")[0], 3)),
        ("rows", lambda group: 2 ** inputs_of(group)),
        ("rows_right_on_parity", columns.whole("train_rows_right_on_parity")),
    ]  # fmt: skip
    return [
        columns.table("Gates of neurons that never learn", runs, wired, gates),
        columns.table("Boolean functions that a single unit computes", runs, counting, counts, NOTES),
    ]


def figure(runs: Runs) -> Figure:
    """The functions of two inputs as squares, shaded where their unit says yes; the runs' counts right."""
    counting = sorted((group for group in runs.groups if group.values(SEPARABLE)), key=_by_inputs)
    drawn = style.figure("Which Boolean functions can one unit compute?", counting, 11, 5.6)
    ((left, right),) = drawn.subfigures(1, 2, squeeze=False, width_ratios=[1.15, 1])
    _squares(left, next((group for group in counting if inputs_of(group) == 2), None))
    _counts(right.subplots(), counting)
    return drawn


def inputs_of(group: Group) -> int:
    """How many inputs the functions have."""
    return int(group.setting("data", "inputs"))


def functions_of(group: Group) -> int:
    """How many functions of so many inputs there are."""
    return int(2 ** (2 ** inputs_of(group)))


def _by_inputs(group: Group) -> tuple[int, int]:
    return budget_rank(group.budget), inputs_of(group)


def _squares(panel: SubFigure, group: Group | None) -> None:
    panel.supxlabel("the functions of two inputs: corner filled where true, shaded where a unit fires", fontsize=9)
    answers = pictures.kept(group).get("answers") if group else None
    for number, axes in enumerate(panel.subplots(4, 4).flat):
        true = [bool(number >> row & 1) for row in range(len(unit_square.CORNERS))]
        unit_square.square(axes, true, size=7)
        colour, width = GREY, 0.6
        if answers is not None:
            unit_square.answers(axes, answers[number], BLUE)
            if unit_square.at_corners(answers[number]) != true:
                colour, width = VERMILION, 2.0
        axes.spines[:].set_color(colour)
        axes.spines[:].set_linewidth(width)
        if number in NAMES:
            axes.set_title(NAMES[number], fontsize=8, pad=2, color=VERMILION if colour == VERMILION else DARK)


def _counts(axes: Axes, groups: Sequence[Group]) -> None:
    style.panel(axes, "counted for more inputs", "inputs", "functions", grid="y")
    if not groups:
        nothing(axes, "no count has finished")
        return
    axes.set_yscale("log", base=10)
    pairs: list[bars.Series] = [
        ("all", [Measure.of([functions_of(group)]) for group in groups], [GREY] * len(groups), 1.0),
        ("computed by one unit", [group.measure(SEPARABLE) for group in groups], [BLUE] * len(groups), 1.0),
    ]
    bars.upright(axes, [str(inputs_of(group)) for group in groups], pairs, write="{:,.0f}".format)
    axes.set_ylim(1, 4e5)
    axes.legend(loc="upper left", frameon=False, fontsize=9)
