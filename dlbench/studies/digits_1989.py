"""The digit nets of 1989 and 1990 against a fully connected one: errors, and what must be refused for 1 % of errors."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from dlbench.records.groups import Group, Runs
from dlbench.report import columns
from dlbench.report.panels import bars, lines, style
from dlbench.report.panels.style import DARK, LINES, nothing
from dlbench.report.table import Table

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

ERROR, REJECTED = "test_error_percent", "test_rejected_percent"
QUOTED = ("train_error_percent", ERROR, REJECTED, "test_mean_squared_error", "parameters")
TARGET_PERCENT = 1.0  # the share of errors at which the papers state their reject rates
NOTES = (
    "Rejected: the share of test digits, those whose two largest outputs lie closest together, without which 1 % of "
    "the others are wrong. Squared error: mean over digits and outputs, targets -1 and 1.",
    "Published figures are of digits from envelopes, of 1990 also of printed ones; measured are digits of MNIST, "
    "as many, at 16x16.",
)
LEFT = re.compile(r"test_rejecting_(\d+)_error_percent")


def tables(runs: Runs) -> list[Table]:
    """One row a net; then its errors by the share of digits that it may reject."""
    groups = [group for group in runs.groups if group.values(REJECTED)]
    cells: columns.Columns = [*columns.NAMED, *(name for metric in QUOTED for name in (metric, f"published_{metric}"))]
    named = columns.rows(groups, columns.NAMED)
    left = [row | _left(group) for row, group in zip(named, groups, strict=True)]
    return [
        columns.table("Handwritten digits in 1989", runs, groups, cells, NOTES),
        columns.of_rows("Errors among the accepted, by the share rejected", runs, groups, left),
    ]


def figure(runs: Runs) -> Figure:
    """One line a net, mean over seeds with a band of one sd; open marks are the published figures."""
    groups = [group for group in runs.groups if group.values(REJECTED)]
    drawn = style.figure("Refusing the doubtful digits", groups, 8, 5.4)
    axes = drawn.subplots()
    style.panel(axes, "", "test digits rejected (%)", "errors among those accepted (%)")
    if not groups:
        nothing(axes, "no net has finished")
        return drawn
    for group, colour in zip(groups, LINES * len(groups), strict=False):
        points = lines.through({share: group.measure(metric) for share, metric in curve(group).items()})
        lines.draw(axes, lines.Line(group.label, points, colour, marker="o", width=2))
        _published(axes, group, colour)
    axes.axhline(TARGET_PERCENT, color=DARK, linewidth=0.9, linestyle=":")
    axes.set_ylim(bottom=0)
    axes.set_xlim(left=-0.6)
    keys = [*axes.get_legend_handles_labels()[0], bars.published_key("published, on other digits")]
    axes.legend(handles=keys, frameon=False, fontsize=9)
    style.caption(drawn, "line: mean; band: one sd over seeds either way; dotted: 1 % of errors")
    return drawn


def curve(group: Group) -> Mapping[int, str]:
    """The shares rejected, in per cent from 0 up, and for each the metric that says what is left of the test errors."""
    shares = {int(match[1]): match[0] for match in map(LEFT.fullmatch, group.runs.columns) if match}
    return {0: ERROR} | {share: shares[share] for share in sorted(shares) if group.values(shares[share])}


def _left(group: Group) -> dict[str, Any]:
    return {f"rejecting_{share}_error_percent": group.measure(metric) for share, metric in curve(group).items()}


def _published(axes: Axes, group: Group, colour: str) -> None:
    """The error without rejection, and where the target is reached, as the paper has them."""
    look = bars.PUBLISHED | {"markeredgecolor": colour, "markersize": 8, "markeredgewidth": 1.8}
    if error := group.published(ERROR):
        axes.plot(0.0, float(error.value), **look)
    if rejected := group.published(REJECTED):
        axes.plot(float(rejected.value), TARGET_PERCENT, **look)
