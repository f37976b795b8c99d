"""One net with smaller weights, and averages of thinned nets."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from dlbench.records.groups import Runs
from dlbench.report import usual
from dlbench.report.panels import bars, style
from dlbench.report.table import Table

if TYPE_CHECKING:
    from matplotlib.figure import Figure

METRICS: Final = {
    "error_percent": "all units, smaller weights",
    "thinned_1_error_percent": "one thinned net",
    "thinned_10_error_percent": "the average of 10",
    "thinned_50_error_percent": "the average of 50",
}


def tables(runs: Runs) -> list[Table]:
    """The usual table."""
    return usual.tables(runs)


def figure(runs: Runs) -> Figure:
    """A bar for each way to ask."""
    drawn = style.figure("One net, and averages of thinned ones", runs.groups, 8, 3.6)
    shown = [
        bar
        for metric, label in METRICS.items()
        for group in runs.groups
        for bar in bars.of_group(group, f"test_{metric}", label)
    ]
    bars.ranked(drawn.subplots(), shown, "test error (%): mean, one sd either way, a dot for each seed")
    return drawn
