"""The four rows of a two-input truth table as corners of a square, and where in it a unit says yes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from dlbench.report.panels.style import BLACK

if TYPE_CHECKING:
    from matplotlib.axes import Axes

CORNERS = ((0, 0), (0, 1), (1, 0), (1, 1))  # in the order of the rows: 00, 01, 10, 11
SIDE = (-0.35, 1.35)  # of the part of the plane that runs keep (`pictures: unit_square`)


def square(axes: Axes, true: Sequence[bool], size: float) -> None:
    """Draw a corner a row, filled where the function is true, on bare axes of equal scales."""
    axes.set_aspect("equal")
    axes.set_xlim(*SIDE)
    axes.set_ylim(*SIDE)
    axes.set_xticks([])
    axes.set_yticks([])
    for (x, y), filled in zip(CORNERS, true, strict=True):
        axes.plot(
            x, y, "o", color=BLACK, markerfacecolor=BLACK if filled else "white", markersize=size, zorder=3,
            markeredgewidth=size / 8,
        )  # fmt: skip


def answers(axes: Axes, shares: NDArray[np.float64], colour: str) -> None:
    """Shade the square by the share of runs that say yes, [n, n] from bottom to top; their borders are lines."""
    from matplotlib.colors import LinearSegmentedColormap

    shading: dict[str, Any] = {"cmap": LinearSegmentedColormap.from_list("shares", ["white", colour]), "alpha": 0.35}
    axes.imshow(shares, origin="lower", extent=(*SIDE, *SIDE), vmin=0, vmax=1, zorder=1, **shading)


def at_corners(answers: NDArray[np.float64]) -> list[bool]:
    """What is answered in the four rows."""
    ticks = np.linspace(*SIDE, len(answers))
    first, second = (int(abs(ticks - place).argmin()) for place in (0, 1))
    return [bool(answers[(first, second)[y], (first, second)[x]]) for x, y in CORNERS]
