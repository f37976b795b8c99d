"""The average of several nets, and what its members do alone."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from dlbench.records.groups import Runs
from dlbench.report import usual
from dlbench.report.panels import bars, style
from dlbench.report.table import Table

if TYPE_CHECKING:
    from matplotlib.figure import Figure

METRICS: Final = {
    "error_percent": "the average",
    "best_member_error_percent": "the best of them",
    "member_error_percent": "one of them, on the mean",
}


def tables(runs: Runs) -> list[Table]:
    """The usual table."""
    return usual.tables(runs)


def figure(runs: Runs) -> Figure:
    """A bar for each way to ask."""
    drawn = style.figure("Several nets, and their average", runs.groups, 8, 3.6)
    shown = [
        bar
        for metric, label in METRICS.items()
        for group in runs.groups
        for bar in bars.of_group(group, f"test_{metric}", label)
    ]
    bars.ranked(drawn.subplots(), shown, "test error (%): mean, one sd either way, a dot for each seed")
    return drawn
