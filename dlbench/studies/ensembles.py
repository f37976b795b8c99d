"""The average of several nets, and what its members do alone."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from dlbench.records.groups import Runs
from dlbench.report.panels import bars, style

if TYPE_CHECKING:
    from matplotlib.figure import Figure

METRICS: Final = {
    "test_error_percent": "the average",
    "test_best_member_error_percent": "the best of them",
    "test_member_error_percent": "one of them, on the mean",
}


def figure(runs: Runs) -> Figure:
    """A bar for each way to ask."""
    drawn = style.figure("Several nets, and their average", runs.groups, 8, 3.6)
    shown = bars.of_metrics(runs.groups, METRICS)
    bars.ranked(drawn.subplots(), shown, "test error (%): mean, one sd either way, a dot for each seed")
    return drawn
