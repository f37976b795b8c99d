"""Error by training sequence on both tasks, and the gradient by lag before and after training."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import FuncFormatter, MaxNLocator

from dlbench.records.groups import Group, groups, of_most_seeds
from dlbench.report.panels.style import (
    BLUE,
    DARK,
    GREEN,
    GREY,
    PURPLE,
    VERMILION,
    block_to_show,
    figure,
    heading,
    nothing,
    quiet,
)
from dlbench.studies.time_lag import lags, net, shown_per_step

RUN = ("path", "recipe", "budget", "device", "seed", "recipe_digest", "fingerprint")  # of these, what curves have
COLOURS: Mapping[str, str] = {
    "tanh units": VERMILION,
    "tanh units (Elman)": PURPLE,
    "LSTM of 1997, no forget gate": BLUE,
    "LSTM with forget gates": GREEN,
}
FEWEST = 1e-4  # of a mean squared error on the logarithmic axis
SMALLEST = 1e-12  # of a gradient on the logarithmic axis


def time_lag(runs: pd.DataFrame, curves: pd.DataFrame) -> Figure:
    """One line a run in the left panels, means over seeds in the right one; one budget and one device.

    curves: one row a score event, `step`, metrics, and what names the run (RUN).
    """
    found = of_most_seeds(groups(runs.reset_index(drop=True)))
    block = block_to_show(found)
    shown = [group for group in found if (group.budget, group.device) == block]
    constants = [group for group in shown if group.resolved["model"].get("name") == "constant"]
    shown = [group for group in shown if net(group) in COLOURS]
    drawn = figure(13.5, 5.2)
    heading(drawn, "What bridges a time lag?", shown)
    adding, reber, gradient = drawn.subplots(1, 3)
    _learning(adding, shown, curves, "test_mean_squared_error")
    adding.set_title(f"adding problem, {_length(shown)} steps", fontsize=11)
    adding.set_ylabel("test mean squared error")
    adding.set_yscale("log")
    adding.set_ylim(bottom=FEWEST)
    for group in constants:
        for error in group.values("test_mean_squared_error")[:1]:
            adding.axhline(error, color=GREY, linestyle=":", linewidth=1.4, zorder=0)
            adding.annotate(
                "best constant answer", (1, error), xycoords=("axes fraction", "data"), xytext=(0, 5),
                textcoords="offset points", ha="right", fontsize=8, color=DARK,
            )  # fmt: skip
    _learning(reber, shown, curves, "test_wrong_strings_percent")
    reber.set_title("embedded Reber grammar", fontsize=11)
    reber.set_ylabel("test strings with a wrong prediction (%)")
    reber.set_ylim(-3, 103)
    _by_lag(gradient, shown)
    keys = [
        Line2D([], [], color=colour, linewidth=2, label=name)
        for name, colour in COLOURS.items()
        if any(net(group) == name for group in shown)
    ]
    if keys:
        drawn.legend(handles=keys, loc="outside lower center", ncols=len(keys), frameon=False, fontsize=9)
    return drawn


def _learning(axes: Axes, shown: Sequence[Group], curves: pd.DataFrame, metric: str) -> None:
    """A thin line for every run, and a dot at its end."""
    quiet(axes)
    axes.set_xlabel("training sequences shown")
    axes.xaxis.set_major_locator(MaxNLocator(6))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda x, _: f"{x / 1000:,g}k" if x else "0"))
    drawn = 0
    for group in shown:
        for _, line in _looks(group, curves, metric):
            sequences = line["step"] * shown_per_step(group)
            colour = COLOURS[net(group)]
            axes.plot(sequences, line[metric], color=colour, linewidth=1.2, alpha=0.7)
            axes.plot(sequences.iloc[-1], line[metric].iloc[-1], "o", color=colour, markersize=4)
            drawn += 1
    if not drawn:
        nothing(axes, "no run has finished")


def _looks(group: Group, curves: pd.DataFrame, metric: str) -> list[tuple[object, pd.DataFrame]]:
    """The curve of each run of the group that learns over several looks, in order of steps."""
    if metric not in curves or not group.values(metric):
        return []
    names = [name for name in RUN if name in curves and name in group.runs]
    own = curves.merge(group.runs[names], on=names).dropna(subset=[metric]).sort_values("step")
    return [(seed, line) for seed, line in own.groupby("seed") if len(line) > 1]


def _by_lag(axes: Axes, shown: Sequence[Group]) -> None:
    quiet(axes)
    axes.set_title("gradient by the input, so many steps back", fontsize=11)
    axes.set_xlabel("lag (steps before the end)")
    axes.set_ylabel("norm, mean over sequences and seeds")
    measured = [group for group in shown if lags(group)]
    if not measured:
        nothing(axes, "no run has finished")
        return
    for group in measured:
        found = {lag: group.measure(f"test_gradient_norm_at_lag_{lag}") for lag in lags(group)}
        means = {lag: each.mean for lag, each in found.items() if each}
        before = group.resolved.get("training", {}).get("name") == "no_learning"
        style = ("--", 1.4) if before else ("-", 2.0)
        axes.plot(
            list(means), list(means.values()), style[0], color=COLOURS[net(group)], linewidth=style[1],
            marker="o", markersize=3,
        )  # fmt: skip
    axes.set_yscale("log")
    axes.set_ylim(bottom=max(axes.get_ylim()[0], SMALLEST))
    handles = [
        Line2D([], [], color=DARK, linestyle="--", linewidth=1.4, label="as initialised"),
        Line2D([], [], color=DARK, linewidth=2, label="after training"),
    ]
    axes.legend(handles=handles, loc="best", frameon=True, framealpha=0.85, edgecolor=GREY, fontsize=9)


def _length(shown: Sequence[Group]) -> str:
    lengths = sorted({int(group.resolved["data"]["length"]) for group in shown if "length" in group.resolved["data"]})
    return " and ".join(map(str, lengths)) or "?"
