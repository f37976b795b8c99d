"""A grid of settings: a cell for each pair, dark where the number is large, white where there is none."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

import numpy as np

from dlbench.stats.numerals import number

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.colors import LogNorm


def scale(values: Iterable[float | None]) -> LogNorm:
    """From the least of these numbers to the largest, by their logarithms."""
    from matplotlib.colors import LogNorm

    known = [value for value in values if value is not None]
    return LogNorm(min(known, default=1), max([*known, min(known, default=1) + 1]))


def heat_map(
    axes: Axes,
    cells: Mapping[tuple[float, float], float | None],
    norm: LogNorm,
    otherwise: Mapping[tuple[float, float], str],
) -> None:
    """cells: (row's value, column's value) -> the number in it, or None. otherwise: what is written where is none.

    The scale of colours is even, and the colour-blind see it as it is; the smallest number is bold.
    """
    from matplotlib import colormaps

    rows, columns = sorted({row for row, _ in cells}), sorted({column for _, column in cells})
    values = np.full((len(rows), len(columns)), math.nan)
    least = min((value for value in cells.values() if value is not None), default=None)
    for (row, column), value in cells.items():
        place = rows.index(row), columns.index(column)
        values[place] = math.nan if value is None else value
        dark = value is not None and float(norm(value)) > 0.5
        axes.text(
            place[1], place[0], otherwise[row, column] if value is None else f"{value:,}", ha="center", va="center",
            fontsize=9.5, fontweight="bold" if value is not None and value == least else "normal",
            color="white" if dark else "black",
        )  # fmt: skip
    axes.imshow(values, cmap=colormaps["cividis_r"].with_extremes(bad="white"), norm=norm, aspect="auto")
    axes.set_xticks(range(len(columns)), [number(value) for value in columns])
    axes.set_yticks(range(len(rows)), [number(value) for value in rows])
