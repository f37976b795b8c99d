"""One net with smaller weights, and averages of thinned nets."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from dlbench.records.groups import Runs
from dlbench.report.panels import bars, style

if TYPE_CHECKING:
    from matplotlib.figure import Figure

METRICS: Final = {
    "test_error_percent": "all units, smaller weights",
    "test_thinned_1_error_percent": "one thinned net",
    "test_thinned_10_error_percent": "the average of 10",
    "test_thinned_50_error_percent": "the average of 50",
}


def figure(runs: Runs) -> Figure:
    """A bar for each way to ask."""
    drawn = style.figure("One net, and averages of thinned ones", runs.groups, 8, 3.6)
    shown = bars.of_metrics(runs.groups, METRICS)
    bars.ranked(drawn.subplots(), shown, "test error (%): mean, one sd either way, a dot for each seed")
    return drawn
