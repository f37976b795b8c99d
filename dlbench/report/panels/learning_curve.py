"""What figures draw of a run's way: a metric by step, mean over the seeds that have it, with a band of one sd."""

from __future__ import annotations

import pandas as pd
from matplotlib.axes import Axes

from dlbench.records.groups import Group


def over_seeds(group: Group, curves: pd.DataFrame, metric: str) -> pd.DataFrame:
    """Columns mean, std and count of the metric, by step, over the runs of the group; empty where none was looked at.

    curves: one row a score event, with `path`, `step`, `final` and the metric. The final score is left out: it is of
    all examples, the looks before it of the first so many, and a line through both would end in a jump.
    """
    if metric not in curves:
        return pd.DataFrame(columns=["mean", "std", "count"])
    own = curves[curves["path"].isin(group.runs["path"]) & ~curves["final"]].dropna(subset=[metric])
    return own.groupby("step")[metric].agg(["mean", "std", "count"])


def first_step(group: Group, curves: pd.DataFrame, metric: str, at_most: float, seed: int) -> int | None:
    """The first look of that seed at which the metric was small enough; None if it never was."""
    if metric not in curves:
        return None
    own = curves[curves["path"].isin(group.runs["path"]) & (curves["seed"] == seed) & (curves[metric] <= at_most)]
    return int(own["step"].min()) if len(own) else None


def draw(axes: Axes, line: pd.DataFrame, colour: str, label: str, style: str = "-") -> None:
    """A line for the mean, and a band of one sd either way where there are several seeds."""
    axes.plot(line.index, line["mean"], style, color=colour, linewidth=1.8, label=label)
    several = line[line["count"] > 1]
    low, high = several["mean"] - several["std"], several["mean"] + several["std"]
    axes.fill_between(several.index, low, high, color=colour, alpha=0.15, linewidth=0)
