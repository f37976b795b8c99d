"""The four rows of a two-input truth table as corners of a square, and the line at which a unit changes its answer."""

from __future__ import annotations

from collections.abc import Sequence

from matplotlib.axes import Axes

from dlbench.report.panels.style import BLACK

CORNERS = ((0, 0), (0, 1), (1, 0), (1, 1))  # in the order of the rows: 00, 01, 10, 11
MARGIN = 0.35


def square(axes: Axes, true: Sequence[bool], size: float) -> None:
    """Draw a corner a row, filled where the function is true, on bare axes of equal scales."""
    axes.set_aspect("equal")
    axes.set_xlim(-MARGIN, 1 + MARGIN)
    axes.set_ylim(-MARGIN, 1 + MARGIN)
    axes.set_xticks([])
    axes.set_yticks([])
    for (x, y), filled in zip(CORNERS, true, strict=True):
        axes.plot(
            x, y, "o", color=BLACK, markerfacecolor=BLACK if filled else "white", markersize=size, zorder=3,
            markeredgewidth=size / 8,
        )  # fmt: skip


def line(axes: Axes, weights: Sequence[float], threshold: float, colour: str, width: float) -> None:
    """Draw where w.x = threshold; nothing if both weights are zero."""
    first, second = weights
    if first or second:
        length = first**2 + second**2
        foot = (first * threshold / length, second * threshold / length)  # the point of the line nearest to the origin
        axes.axline(foot, (foot[0] - second, foot[1] + first), color=colour, linewidth=width, zorder=2)
