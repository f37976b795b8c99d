"""What nets, kernels and features made by hand learn from few labelled examples."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from dlbench.records.groups import Group, Runs
from dlbench.report.panels import lines, style
from dlbench.report.panels.style import LINES

if TYPE_CHECKING:
    from matplotlib.figure import Figure

METRIC = "test_error_percent"


def figure(runs: Runs) -> Figure:
    """Test error by the number of labels, on logarithmic axes; a line a way to learn."""
    shown = [group for group in runs.groups if group.values(METRIC) and group.constant("train_examples")]
    ways = list(dict.fromkeys(way(group) for group in shown))
    drawn = style.figure("What few labels are enough for", shown, 8, 4.8)
    axes = drawn.subplots()
    style.panel(axes, "", "labelled examples", "test error (%)")
    lines.by_size(axes, [_line(name, shown, place) for place, name in enumerate(ways)])
    if shown:
        axes.set_xscale("log")
        axes.set_yscale("log")
    return drawn


def way(group: Group) -> str:
    """Model and learning rule: `lenet5 by sgd`."""
    return f"{group.setting('model', 'name')} by {group.setting('training', 'name')}"


def _line(name: str, groups: Sequence[Group], place: int) -> lines.Line:
    measures = {group.constant("train_examples") or 0: group.measure(METRIC) for group in groups if way(group) == name}
    return lines.Line(name, lines.through(measures), LINES[place % len(LINES)], marker="o")
