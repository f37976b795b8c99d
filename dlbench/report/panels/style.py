"""What figures share: colours that the colour-blind can tell apart, quiet axes, a title that says what one sees."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Sequence

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from dlbench.records.groups import Group, budget_rank, seed_range
from dlbench.report.notes import machines
from dlbench.stats.estimates import Measure

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


def figure(width: float, height: float) -> Figure:
    """An empty figure, in inches, to be saved at 100 dots an inch or as SVG; it never touches pyplot's state."""
    return Figure(figsize=(width, height), dpi=100, layout="constrained")


def quiet(axes: Axes) -> None:
    """Only the axes that carry a scale, and a faint grid behind everything."""
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(alpha=0.25, linewidth=0.6)
    axes.set_axisbelow(True)


def conditions(groups: Sequence[Group]) -> str:
    """Budget, seeds and machine of these runs, for a title; `nothing measured yet` without any."""
    if not groups:
        return "nothing measured yet"
    seeds = {seed_range(group.seeds) for group in groups}
    counts = sorted({len(group.seeds) for group in groups})
    each = (
        f"seed{'s' if counts[-1] > 1 else ''} {seeds.pop()}"
        if len(seeds) == 1
        else f"{counts[0]} to {counts[-1]} seeds"
    )
    return f"{groups[0].budget} budget, {each}, {'; '.join(machines(pd.concat([group.runs for group in groups])))}"


def block_to_show(groups: Sequence[Group]) -> tuple[str, str]:
    """Budget and device to draw, as unlike runs share no picture: the largest budget with at least half the recipes."""
    recipes: dict[tuple[str, str], set[str]] = {}
    for group in groups:
        recipes.setdefault((group.budget, group.device), set()).add(group.recipe)
    most = max(map(len, recipes.values()), default=0)
    wide = [block for block, names in recipes.items() if 2 * len(names) >= most]
    return max(wide, key=lambda block: (budget_rank(block[0]), len(recipes[block])), default=("", ""))


def heading(drawn: Figure, title: str, groups: Sequence[Group]) -> None:
    """The title, and in small print the conditions under which the numbers were taken."""
    width, height = drawn.get_size_inches()
    told = textwrap.wrap(conditions(groups), int(11 * width))
    drawn.suptitle(
        title + "\n" * len(told), fontsize=13, fontweight="bold"
    )  # the empty lines keep room for the small print
    drawn.text(0.5, 1 - 0.36 / height, "\n".join(told), ha="center", va="top", fontsize=9, color=DARK)


def bar(axes: Axes, place: float, measured: Measure, colour: str, alpha: float = 1.0) -> None:
    """An upright bar as high as the mean, its number above, with one sd over seeds either way."""
    spread = measured.sd if math.isfinite(measured.sd) else 0.0
    axes.bar(place, measured.mean, width=0.38, color=colour, alpha=alpha)
    if spread:
        axes.errorbar(place, measured.mean, yerr=spread, color=DARK, capsize=3, linewidth=1.2)
    top = (place, measured.mean + spread)
    axes.annotate(f"{measured.mean:.1f}", top, xytext=(0, 3), textcoords="offset points", ha="center", fontsize=9)


def nothing(axes: Axes, text: str) -> None:
    """Says in an empty panel why it is empty."""
    axes.text(0.5, 0.5, text, ha="center", va="center", transform=axes.transAxes, color=DARK)
