"""How often each class is missed, by nets and by others."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from dlbench.records.groups import Group, Runs
from dlbench.report import columns
from dlbench.report.panels import bars, style
from dlbench.report.panels.style import LINES
from dlbench.report.table import Table
from dlbench.stats.estimates import Measure

if TYPE_CHECKING:
    from matplotlib.figure import Figure

KEYS = ("recipe", "variant", "budget", "device", "class")
ENDING: Final = "_missed_percent"
NO_CLASS: Final = ("easiest", "hardest")
NOTE = (
    "Missed: of the test images of a class, those taken for another. That a class has only a thousand gives it a "
    "binomial sd of up to 1.6 points."
)


def tables(runs: Runs) -> list[Table]:
    """One row for each net and class, the easiest first."""
    rows = [
        {key: getattr(group, key) for key in KEYS[:4]} | {"class": name, "missed_percent": measure}
        for group in runs.groups
        for name, measure in classes(group)
    ]
    return [columns.of_rows("Errors class by class", runs, runs.groups, rows, [NOTE], KEYS)]


def figure(runs: Runs) -> Figure:
    """A panel for each net: its classes, the easiest on top."""
    shown = [group for group in runs.groups if classes(group)]
    drawn = style.figure("Easy and hard classes", shown, 11, 4.6)
    panels = drawn.subplots(1, max(len(shown), 1), squeeze=False)[0]
    for axes, group, colour in zip(panels, shown, LINES, strict=False):
        named = [bars.of_group(group, _metric(name), name, colour) for name, _ in classes(group)]
        bars.ranked(axes, [bar for of_class in named for bar in of_class], "test images missed (%)", group.label)
        axes.set_xlim(0, 100)
    return drawn


def classes(group: Group) -> Sequence[tuple[str, Measure]]:
    """Each class and how often it is missed, the easiest first; none of another score."""
    if group.setting("score", "name") != "error_by_class":
        return []
    names = [str(name).removeprefix("test_").removesuffix(ENDING) for name in group.runs if str(name).endswith(ENDING)]
    measures = {name: group.measure(_metric(name)) for name in names if name not in NO_CLASS}
    return sorted(((name, measure) for name, measure in measures.items() if measure), key=lambda pair: pair[1].mean)


def _metric(name: str) -> str:
    return f"test_{name}{ENDING}"
