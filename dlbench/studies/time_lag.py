"""Tanh nets against memory cells over time lags: the adding problem, the embedded Reber grammar, gradient by lag."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import pandas as pd

from dlbench.records.groups import Group, Runs, of_most_seeds
from dlbench.report import columns
from dlbench.report.panels import lines, style
from dlbench.report.panels.style import BLUE, DARK, GREEN, GREY, ORANGE, PURPLE, VERMILION, nothing
from dlbench.report.table import Table
from dlbench.stats.estimates import Estimate, Measure, wilson_interval

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

NETS: Mapping[str, str] = {
    "constant": "none: the mean of the targets",
    "tanh_rnn": "tanh units",
    "lstm_1997": "LSTM of 1997, no forget gate",
    "lstm_1997_hidden_out": "LSTM of 1997, outputs see gates",
    "lstm_modern": "LSTM with forget gates",
}
RULES: Mapping[str, str] = {
    "adam": "backpropagation through time, Adam",
    "truncated_gradient": "truncated gradient, online (1997)",
    "truncated_gradient_online": "truncated gradient, each step (1997)",
    "mean_target": "closed form",
    "no_learning": "none: as initialised",
}
COLOURS: Mapping[str, str] = {
    "tanh units": VERMILION,
    "tanh units (Elman)": PURPLE,
    "LSTM of 1997, no forget gate": BLUE,
    "LSTM of 1997, outputs see gates": ORANGE,
    "LSTM with forget gates": GREEN,
}
SMALLEST = 1e-38  # zero has no logarithm
FEWEST_ERROR, SMALLEST_GRADIENT = 1e-4, 1e-12  # where logarithmic axes end
AT_LAG = re.compile(r"test_gradient_norm_at_lag_(\d+)")
SQUARED, MEMORY = "test_mean_squared_error", "test_wrong_memory_percent"
ADDING_NOTES = (
    "Wrong: the output at the end is off by 0.04 or more. A sequence counts each time that it is shown.",
    "The best constant answer has a mean squared error of 1/24 = 0.0417, less what the rare sequences take away whose "
    "first pair was chosen and set to zero: 0.0392 at length 100.",
    "The published count of sequences is up to the stop: 2000 in a row right.",
)
REBER_NOTES = (
    "Solved: every next symbol of every training and test string is predicted. Brackets: Wilson's 95 % interval.",
    "Memory: the last symbol but one, which repeats the second; without memory half or more are wrong.",
    "The published count of strings is that of the runs that solved it.",
)
LAG_NOTES = (
    "Norm of the derivative of the output by the input so many steps before the last, mean over 256 test sequences. "
    "The LSTM of 1997 has its truncated one here, which is what it learns from.",
    "Factor per step: by how much it changes from one step to the one before, from a line through the logarithms.",
)


def tables(runs: Runs) -> list[Table]:
    """One table a task, and one of how the gradient changes with the lag."""
    names: columns.Columns = [*columns.NAMED, ("net", net), ("rule", rule)]
    adding: columns.Columns = [
        ("length", columns.setting("data", "length")), "parameters", "published_parameters", SQUARED,
        "test_wrong_percent", "published_test_wrong_percent", ("sequences", _sequences), "published_sequences",
    ]  # fmt: skip
    settled = of_most_seeds(runs.groups)  # recipes as they stand: what is published is of their learning rate
    reber: columns.Columns = [
        "parameters", "published_parameters", ("solved_percent", _solved), _published("solved_percent", settled),
        "test_wrong_strings_percent", MEMORY, ("strings", _sequences), _published("strings", settled),
    ]  # fmt: skip
    lagged = [group for group in runs.groups if lags(group)]
    gradients = [row | _gradient(group) for row, group in zip(columns.rows(lagged, names), lagged, strict=True)]
    added = [group for group in runs.groups if group.values(SQUARED) and rule(group) != RULES["no_learning"]]
    strings = [group for group in runs.groups if group.values(MEMORY)]
    return [
        columns.table("Adding problem", runs, added, [*names, *adding], ADDING_NOTES),
        columns.table("Embedded Reber grammar", runs, strings, [*names, *reber], REBER_NOTES),
        columns.of_rows("Gradient at the end of a sequence, by the inputs before", runs, lagged, gradients, LAG_NOTES),
    ]


def figure(runs: Runs) -> Figure:
    """One line a run in the left panels, means over seeds in the right one."""
    groups = of_most_seeds(runs.groups)
    nets = [group for group in groups if net(group) in COLOURS]
    drawn = style.figure("What bridges a time lag?", nets, 13.5, 5.2)
    adding, reber, gradient = drawn.subplots(1, 3)
    lengths = sorted({int(length) for group in nets if (length := group.setting("data", "length"))})
    style.panel(adding, f"adding problem, {' and '.join(map(str, lengths)) or '?'} steps", y="test mean squared error")
    _learning(adding, nets, runs.curves, SQUARED)
    adding.set_yscale("log")
    adding.set_ylim(bottom=FEWEST_ERROR)
    _best_constant(adding, groups)
    style.panel(reber, "embedded Reber grammar", y="test strings with a wrong prediction (%)")
    _learning(reber, nets, runs.curves, "test_wrong_strings_percent")
    reber.set_ylim(-3, 103)
    _by_lag(gradient, [group for group in nets if lags(group)])
    names = [name for name in COLOURS if name in map(net, nets)]
    style.legend(drawn, [style.key(name, COLOURS[name], "-") for name in names])
    return drawn


def lags(group: Group) -> list[int]:
    """The lags at which the group's runs measured a gradient, in order."""
    return sorted(int(match[1]) for name in group.runs if (match := AT_LAG.fullmatch(name)) and group.values(name))


def net(group: Group) -> str:
    """What the group's recipe trains, in words."""
    name = str(group.setting("model", "name"))
    return NETS.get(name, name) + (" (Elman)" if _is_one_step(group) else "")


def rule(group: Group) -> str:
    """How it is trained, in words."""
    name = str(group.setting("training", "name"))
    return "gradient through one step only, Adam" if _is_one_step(group) and name == "adam" else RULES.get(name, name)


def shown_per_step(group: Group) -> int:
    """How many sequences a step of training looks at."""
    return int(group.setting("training", "batch_size", 1))


def _is_one_step(group: Group) -> bool:
    return bool(group.setting("model", "gradient") == "one_step")


def _published(name: str, groups: Sequence[Group]) -> tuple[str, Callable[[Group], Any]]:
    """A column of published figures of these groups alone."""
    return f"published_{name}", lambda group: group.published(name) if group in groups else None


def _solved(group: Group) -> Estimate | None:
    solved = _by_seed_solved(group)
    return wilson_interval(sum(solved.values()), len(solved)).scaled(100) if solved else None


def _by_seed_solved(group: Group) -> dict[int, bool]:
    """Of each seed whether it solved its task on all strings; nothing where that is not the task."""
    train, test = group.by_seed("train_solved"), group.by_seed("test_solved")
    return {seed: bool(train[seed] * test[seed]) for seed in train.keys() & test.keys()}


def _gradient(group: Group) -> dict[str, Any]:
    measured_lags = lags(group)
    row: dict[str, Any] = {"trained": rule(group) != RULES["no_learning"]}
    row["gradient_factor_per_step"] = group.measure("test_gradient_factor_per_step")
    for lag in (measured_lags[0], measured_lags[len(measured_lags) // 2], measured_lags[-1]):
        row[f"log10_gradient_norm_at_lag_{lag}"] = _log10(group.values(f"test_gradient_norm_at_lag_{lag}"))
    return row


def _log10(norms: Sequence[float]) -> Measure:
    """Mean and deviation of the norms' logarithms: they range over many powers of ten."""
    return Measure.of([math.log10(max(norm, SMALLEST)) for norm in norms])


def _sequences(group: Group) -> Measure | float | None:
    """The mean number of sequences that a run was shown; None where nothing is learnt step by step.

    A lower bound where a run that stops by itself, or that must solve the task, did not.
    """
    steps, solved = group.measure("steps"), _by_seed_solved(group)
    if steps is None or rule(group) in (RULES["no_learning"], RULES["mean_target"]):
        return None
    sequences = round(steps.mean * shown_per_step(group))
    never = steps.never or (len(solved) if not any(solved.values()) else 0)
    return Measure(sequences, math.nan, steps.n, never) if never else sequences


def _learning(axes: Axes, nets: Sequence[Group], curves: pd.DataFrame, metric: str) -> None:
    """A thin line for every run, and a dot at its end."""
    axes.set_xlabel("training sequences shown")
    axes.xaxis.set_major_formatter(lambda x, _: f"{x / 1000:,g}k" if x else "0")
    axes.locator_params(axis="x", nbins=6)
    for group in nets if metric in curves else ():
        looks = curves[curves["path"].isin(group.runs["path"])].dropna(subset=[metric]).sort_values("step")
        colour = COLOURS[net(group)]
        for _, line in looks.groupby("path"):
            if len(line) > 1:
                sequences = line["step"] * shown_per_step(group)
                axes.plot(sequences, line[metric], linewidth=1.2, alpha=0.7, color=colour)
                axes.plot(sequences.iloc[-1], line[metric].iloc[-1], "o", markersize=4, color=colour)
    if not axes.lines:
        nothing(axes, "no run has finished")


def _best_constant(axes: Axes, groups: Sequence[Group]) -> None:
    for group in groups:
        for error in group.values(SQUARED)[:1] if net(group) == NETS["constant"] else ():
            axes.axhline(error, color=GREY, linestyle=":", linewidth=1.4, zorder=0)
            axes.annotate(
                "best constant answer", (1, error), xycoords=("axes fraction", "data"), xytext=(0, 5),
                textcoords="offset points", ha="right", fontsize=8, color=DARK,
            )  # fmt: skip


def _by_lag(axes: Axes, groups: Sequence[Group]) -> None:
    style.panel(
        axes, "gradient by the input, so many steps back", "lag (steps before the end)",
        "norm, mean over sequences and seeds",
    )  # fmt: skip
    if not groups:
        nothing(axes, "no run has finished")
        return
    for group in groups:
        points = lines.through({lag: group.measure(f"test_gradient_norm_at_lag_{lag}") for lag in lags(group)})
        dash, width = ("--o", 1.4) if rule(group) == RULES["no_learning"] else ("-o", 2.0)
        axes.plot(points.index, points["mean"], dash, markersize=3, color=COLOURS[net(group)], linewidth=width)
    axes.set_yscale("log")
    axes.set_ylim(bottom=max(axes.get_ylim()[0], SMALLEST_GRADIENT))
    handles = [style.key("as initialised", DARK, "--", 1.4), style.key("after training", DARK, "-")]
    axes.legend(handles=handles, loc="best", frameon=True, framealpha=0.85, edgecolor=GREY, fontsize=9)
