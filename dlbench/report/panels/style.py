"""What figures share: colours that the colour-blind can tell apart, quiet axes, a title that says what one sees."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal

import pandas as pd

from dlbench.records.groups import Group, seed_range
from dlbench.report.notes import machines

if TYPE_CHECKING:
    from matplotlib.artist import Artist
    from matplotlib.axes import Axes
    from matplotlib.axis import Axis
    from matplotlib.figure import Figure

# Okabe and Ito 2008, "Color Universal Design"; the yellow is left out, which is too pale for a line on white
BLUE, ORANGE, GREEN, VERMILION, PURPLE, SKY, BLACK = (
    "#0072B2",
    "#E69F00",
    "#009E73",
    "#D55E00",
    "#CC79A7",
    "#56B4E9",
    "#000000",
)
LINES = (BLUE, VERMILION, GREEN, PURPLE, ORANGE, SKY, BLACK)
GREY, DARK = "#999999", "#444444"


def figure(title: str, groups: Sequence[Group], width: float, height: float) -> Figure:
    """An empty figure in inches under a title, and in small print the conditions of these runs."""
    return blank(title, conditions(groups), width, height)


def blank(title: str, small_print: str, width: float, height: float) -> Figure:
    """An empty figure in inches under a title and small print.

    To be saved at 100 dots an inch or as SVG; it never touches pyplot's state.
    """
    from matplotlib.figure import Figure  # as long as all else that a table needs: only who draws waits for it

    drawn = Figure(figsize=(width, height), dpi=100, layout="constrained")
    drawn.text(0.5, 1 - 0.36 / height, "", ha="center", va="top", fontsize=9, color=DARK)
    _head(drawn, title, small_print)
    return drawn


def left_out(drawn: Figure, recipes: Sequence[str]) -> None:
    """Say in the small print which recipes are not in a figure, as their runs are of another code, torch or setting."""
    if recipes:
        before = " ".join(drawn.texts[0].get_text().split())
        words = f"not in the picture, as run with another code, torch or setting: {', '.join(recipes)}"
        _head(drawn, drawn.get_suptitle().rstrip(), f"{before}; {words}")


def _head(drawn: Figure, title: str, small_print: str) -> None:
    """Write the title, and the small print into the figure's first text; empty lines of the title make room for it."""
    lines = textwrap.wrap(small_print, int(11 * drawn.get_figwidth()), break_on_hyphens=False)
    drawn.suptitle(title + "\n" * len(lines), fontsize=13, fontweight="bold")
    drawn.texts[0].set_text("\n".join(lines))


def panel(axes: Axes, title: str = "", x: str = "", y: str = "", grid: str = "both") -> None:
    """Name a panel and its axes; only the spines that carry a scale, and a faint grid behind everything.

    grid: `both`, or the axis along which grid lines mark values, `x` or `y`.
    """
    axes.set_title(title, fontsize=11)
    axes.set_xlabel(x)
    axes.set_ylabel(y)
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(alpha=0.25, linewidth=0.6)
    if grid != "both":
        axes.grid(visible=False, axis="y" if grid == "x" else "x")
    axes.set_axisbelow(True)


def conditions(groups: Sequence[Group]) -> str:
    """Budget, seeds and machine of these runs, for a title; `nothing measured yet` without any."""
    if not groups:
        return "nothing measured yet"
    seeds = {seed_range(group.seeds) for group in groups}
    counts = sorted({len(group.seeds) for group in groups})
    same = f"seed{'s' if counts[-1] > 1 else ''} {min(seeds)}"
    over = same if len(seeds) == 1 else f"{counts[0]} to {counts[-1]} seeds"
    return f"{groups[0].budget} budget, {over}, {'; '.join(machines(pd.concat([group.runs for group in groups])))}"


def thousands(*axes: Axis) -> None:
    """Write the numbers of these axes in full: 64,000."""
    from matplotlib.ticker import StrMethodFormatter

    for axis in axes:
        axis.set_major_formatter(StrMethodFormatter("{x:,.0f}"))


def key(label: str, colour: str, dash: Literal["", "-", "--"] = "", width: float = 2.0) -> Artist:
    """An entry of a legend: a line if a dash is given (`-`, `--`), else a patch."""
    from matplotlib.lines import Line2D
    from matplotlib.patches import Patch

    line = Line2D([], [], color=colour, linestyle=dash, linewidth=width, label=label)
    return line if dash else Patch(color=colour, label=label)


def legend(drawn: Figure, keys: Sequence[Artist]) -> None:
    """One row of entries below all panels."""
    if keys:
        drawn.legend(handles=list(keys), loc="outside lower center", ncols=len(keys), frameon=False, fontsize=9)


def caption(drawn: Figure, text: str) -> None:
    """Small print below all panels."""
    drawn.supxlabel(text, fontsize=9, color=DARK)


def nothing(axes: Axes, text: str) -> None:
    """Say in an empty panel why it is empty."""
    axes.set_xticks([])
    axes.set_yticks([])
    axes.text(0.5, 0.5, text, ha="center", va="center", transform=axes.transAxes, color=DARK)
