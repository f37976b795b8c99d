"""Pictures that runs kept: filters and maps side by side, as in Figure 3 of Krizhevsky et al. 2012."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from dlbench.records import store
from dlbench.records.groups import Group

if TYPE_CHECKING:
    from matplotlib.axes import Axes

GAP = 1  # pixels of white between filters


def mosaic(axes: Axes, filters: NDArray[np.float64], title: str, columns: int = 8) -> None:
    """Draw filters [maps, 3 or 1, h, w] with values in [0, 1], row by row."""
    axes.set_axis_off()
    axes.set_title(title, fontsize=9, pad=3)
    axes.imshow(tiled(filters, columns), interpolation="nearest", vmin=0, vmax=1, cmap="gray")


def tiled(filters: NDArray[np.float64], columns: int) -> NDArray[np.float64]:
    """One picture [rows, columns, 3] of all filters; a single channel is shown as grey, empty places as white."""
    maps, channels, height, width = filters.shape
    columns = min(columns, maps)
    rows = -(-maps // columns)
    sheet = np.ones((rows * (height + GAP) - GAP, columns * (width + GAP) - GAP, 3))
    for number, each in enumerate(filters):
        top, left = number // columns * (height + GAP), number % columns * (width + GAP)
        colours = np.repeat(each, 3, axis=0) if channels == 1 else each
        sheet[top : top + height, left : left + width] = colours.transpose(1, 2, 0)
    return sheet


def kept(group: Group) -> dict[str, NDArray[np.float64]]:
    """What the run of the group's first seed kept to show: arrays in [0, 1] by name, or nothing."""
    return store.pictures(Path(group.runs["path"].iloc[0]))
