"""What a hidden layer loses with one unit and with half of them, and what units tell by themselves."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dlbench.records.groups import Group, Runs
from dlbench.report import columns
from dlbench.report.panels import bars, style
from dlbench.report.panels.style import LINES
from dlbench.report.table import Table

if TYPE_CHECKING:
    from matplotlib.figure import Figure

LOST = {"mean_unit_points": "any one", "worst_unit_points": "the worst one", "half_points": "a random half"}
ALONE = {
    "mean_unit_error_percent": "one unit",
    "best_unit_error_percent": "the best unit",
    "group_error_percent": "ten units",
    "error_percent": "the net",
}
NOTES = (
    "Points: percentage points of test error that the net adds when units are silenced. Unit and group error: an image "
    "is of the class whose mean activation is nearest, in these units alone; group: ten drawn at random, 20 times.",
)


def tables(runs: Runs) -> list[Table]:
    """One row a net."""
    cells: columns.Columns = [*columns.NAMED, "test_error_percent"]
    cells += [(name, columns.measured(f"test_{name}")) for name in (*LOST, *ALONE) if name != "error_percent"]
    return [columns.table("One unit, and many", runs, runs.groups, cells, NOTES)]


def figure(runs: Runs) -> Figure:
    """What is lost without units left, what units tell alone right; a colour for each net."""
    shown = [group for group in runs.groups if group.values("test_half_points")]
    drawn = style.figure("No neuron alone", shown, 11, 2.6 + 0.9 * max(len(shown), 2))
    left, right = drawn.subplots(1, 2)
    for axes, metrics, name in ((left, LOST, "points of error added without"), (right, ALONE, "error (%) of")):
        ranked = [
            bar
            for metric, words in metrics.items()
            for place, group in enumerate(shown)
            for bar in bars.of_group(group, f"test_{metric}", f"{words}, {_net(group)}", LINES[place])
        ]
        bars.ranked(axes, ranked, name)
    return drawn


def _net(group: Group) -> str:
    return "plain" if group.setting("model", "retain_hidden") == 1 else "dropout"
