"""Lines: a metric by step, depth, size or anything else, its mean over seeds with one sd either way."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pandas as pd

from dlbench.records.groups import Group
from dlbench.report.panels.style import BLUE, nothing, panel, thousands
from dlbench.stats.estimates import Measure

if TYPE_CHECKING:
    from matplotlib.axes import Axes

COLUMNS = ["mean", "std", "count"]


@dataclass(frozen=True, eq=False)
class Line:
    """points: indexed by what is on the x axis, with columns mean, std and count over seeds."""

    label: str
    points: pd.DataFrame
    colour: str = BLUE
    style: str = "-"
    marker: str = ""
    width: float = 1.8

    @property
    def last(self) -> float:
        """The mean where it ends."""
        return float(self.points["mean"].iloc[-1])


def through(measures: Mapping[int, Measure | None] | Mapping[int, Measure]) -> pd.DataFrame:
    """The points of a line through these measures."""
    known = {place: (one.mean, one.sd, one.n) for place, one in measures.items() if one}
    return pd.DataFrame.from_dict(known, orient="index", columns=COLUMNS).sort_index()


def over_seeds(group: Group, curves: pd.DataFrame, metric: str, final: bool = False) -> pd.DataFrame:
    """The points of a metric by step over the runs of the group; none where it was never looked at.

    curves: one row a look, with `path`, `step`, `final` and the metric. final: with the final score as well. It is of
    all examples, the looks before it of the first so many, and a line through both may end in a jump.
    """
    if metric not in curves:
        return pd.DataFrame(columns=COLUMNS)
    own = curves[curves["path"].isin(group.runs["path"])].dropna(subset=[metric])
    return (own if final else own[~own["final"]]).groupby("step")[metric].agg(COLUMNS)


def by_clock(points: pd.DataFrame, group: Group, clock: pd.DataFrame, by: str) -> pd.DataFrame:
    """The points by examples or seconds of training in place of steps: their mean over the runs of the group.

    clock: as `store.clock` has it. Of runs that had no clock of their own there are none.
    """
    own = clock[clock["path"].isin(group.runs["path"])].dropna(subset=[by])
    places = own.groupby("step")[by].mean()
    return points[points.index.isin(places.index)].rename(index=places)


def first_step(group: Group, curves: pd.DataFrame, metric: str, at_most: float, seed: int) -> int | None:
    """The first look of that seed at which the metric was small enough; None if it never was."""
    if metric not in curves:
        return None
    own = curves[curves["path"].isin(group.runs["path"]) & (curves["seed"] == seed) & (curves[metric] <= at_most)]
    return int(own["step"].min()) if len(own) else None


def draw(axes: Axes, line: Line, caps: bool = False) -> None:
    """The mean, and one sd either way where there are several seeds: a band, or bars with caps."""
    points = line.points
    look: dict[str, Any] = {"color": line.colour, "linestyle": line.style, "linewidth": line.width, "label": line.label}
    look |= {"marker": line.marker, "markersize": 4.5}
    several = points[points["count"] > 1]
    if caps:
        spread = points["std"].where(points["count"] > 1, 0.0)
        axes.errorbar(points.index, points["mean"], spread, capsize=3, **look)
        return
    axes.plot(points.index, points["mean"], **look)
    if len(several):
        low, high = several["mean"] - several["std"], several["mean"] + several["std"]
        axes.fill_between(several.index.to_numpy(dtype=float), low, high, color=line.colour, alpha=0.15, linewidth=0)


def learning(
    axes: Axes, lines: Iterable[Line], y: str, title: str = "", empty: str = "no curve was kept", x: str = "step"
) -> list[Line]:
    """Learning curves, and a legend; returns those that have points."""
    panel(axes, title, x, y)
    thousands(axes.xaxis)
    drawn = [line for line in lines if len(line.points)]
    for line in drawn:
        draw(axes, line)
    if drawn:
        axes.legend(frameon=True, framealpha=0.85, edgecolor="none", fontsize=9)
    else:
        nothing(axes, empty)
    return drawn


def without_steep_start(axes: Axes, lines: Sequence[Line]) -> None:
    """Cut the axis off at twice the largest last value: else the ends lie on top of each other."""
    if lasts := [line.last for line in lines if len(line.points)]:
        axes.set_ylim(max(0.0, min(axes.get_ylim()[0], min(lasts))), min(axes.get_ylim()[1], max(2 * max(lasts), 1)))


def by_size(axes: Axes, lines: Sequence[Line], empty: str = "no run has finished") -> None:
    """A metric by depth, size or the like, with caps for one sd over seeds, and a legend."""
    for line in lines:
        draw(axes, line, caps=True)
    if lines:
        axes.legend(frameon=False, fontsize=9)
    else:
        nothing(axes, empty)
