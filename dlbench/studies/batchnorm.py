"""A net with and without batch normalisation, and the grid of rates and first weights searched for each."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from operator import attrgetter
from typing import TYPE_CHECKING, Any

from dlbench.records.groups import Group, Runs, current, of_most_seeds
from dlbench.report import columns
from dlbench.report.panels import lines, style
from dlbench.report.panels.grid import heat_map, scale
from dlbench.report.panels.style import BLUE, DARK, VERMILION, nothing
from dlbench.report.table import Table
from dlbench.stats.numerals import number

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.colors import LogNorm
    from matplotlib.figure import Figure

MODEL = "batchnorm_net"
METRIC = "test_error_percent"
NETS = ("plain", "batch normalisation")  # from top to bottom
ACCURATE_PERCENT = 5.0  # the test error that counts as learnt where steps are counted; the study's claims say the same
TICKS_PERCENT = (1, 2, 3, 5, 10, 20, 50, 100)
KEYS = ("budget", "device", "variant", "net", "init_sd")
GRID = "The grid: test error after the last step, by rate and sd of the first weights"


def tables(runs: Runs) -> list[Table]:
    """The nets at the settings that their recipes name, over seeds; and every pair of the grid, seed 0."""
    nets: columns.Columns = [
        "budget", "device", "recipe", columns.OF_NO_SETTING, ("net", net), ("init_sd", init_sd), ("lr", lr), "steps",
        "train_error_percent", METRIC, "parameters", "published_parameters",
    ]  # fmt: skip
    searched = points(runs.groups)
    named = of_most_seeds(searched)
    settled = Runs(runs.frame[runs.frame.index.isin([row for group in named for row in group.runs.index])])
    title = "With and without batch normalisation"
    made = [columns.table(title, settled, named, nets, keys=("budget", "device", "recipe", "variant"))]
    cells = list(_grid(searched))
    return [*made, columns.of_rows(GRID, runs, searched, cells, keys=KEYS)] if cells else made


def figure(runs: Runs) -> Figure:
    """Left, the recipes' test error by step; right, a grid for each net."""
    searched = points(runs.groups)
    named = of_most_seeds(searched)
    drawn = style.figure("Learning with and without batch normalisation", named, 12.5, 5.2)
    panels = drawn.subplot_mosaic([["curves", NETS[0]], ["curves", NETS[1]]], width_ratios=[1, 1.25])
    _curves(panels["curves"], named, runs)
    steps = {group: lines.first_step(group, runs.curves, METRIC, ACCURATE_PERCENT, seed=0) for group in grid(searched)}
    for name in NETS:
        _steps(
            panels[name],
            name,
            {group: value for group, value in steps.items() if net(group) == name},
            scale(steps.values()),
        )
    panels[NETS[-1]].set_xlabel("learning rate (white: never so low; the error it ended with)")
    return drawn


def net(group: Group) -> str:
    """What stands before the sigmoid."""
    return NETS[bool(group.setting("model", "batch_norm"))]


def init_sd(group: Group) -> float:
    """Standard deviation of the first weights."""
    return float(group.setting("model", "init_sd"))


def lr(group: Group) -> float:
    """The learning rate."""
    return float(group.setting("training", "lr"))


def points(groups: Sequence[Group]) -> list[Group]:
    """All settings that ran, of the net that this is about, with the code and the data as they are now."""
    return [group for group in current(groups) if group.setting("model", "name") == MODEL]


def grid(searched: Sequence[Group]) -> list[Group]:
    """Points of recipes that ran with several settings, each pair of settings once, plain nets first."""
    swept = {group.recipe for group in searched if group.variant != group.mark}
    once: dict[tuple[Any, ...], Group] = {}
    for group in searched:
        if group.recipe in swept and 0 in group.seeds:
            key = group.budget, group.device, group.mark, NETS.index(net(group)), init_sd(group), lr(group)
            once.setdefault(key, group)
    return [once[key] for key in sorted(once)]


def _grid(searched: Sequence[Group]) -> Iterator[dict[str, Any]]:
    """A row for each net and sd, a column for each rate."""
    rows: dict[tuple[Any, ...], dict[str, Any]] = {}
    for group in grid(searched):
        key = *attrgetter("budget", "device", "mark")(group), net(group), init_sd(group)
        row = rows.setdefault(key, dict(zip(KEYS, key, strict=True)))
        row[f"at_lr_{number(lr(group))}_percent"] = group.by_seed(METRIC)[0]
    yield from rows.values()


def _curves(axes: Axes, named: Sequence[Group], runs: Runs) -> None:
    curves = []
    for group in named:
        before = sum(net(other) == net(group) for other in named[: named.index(group)])
        look = BLUE if net(group) == NETS[1] else VERMILION, ("-", "--", ":", "-.")[before % 4]
        label = f"{net(group)}, sd {number(init_sd(group))}, rate {number(lr(group))}"
        curves.append(lines.Line(label, lines.over_seeds(group, runs.curves, METRIC), *look))
    if not lines.learning(axes, curves, "test error (%)"):
        return
    axes.axhline(ACCURATE_PERCENT, color=DARK, linewidth=0.8)
    axes.set_yscale("log")  # some nets learn nothing, and others differ by a point
    axes.set_ylim(top=100)
    axes.set_yticks(TICKS_PERCENT, list(map(str, TICKS_PERCENT)))
    axes.minorticks_off()
    axes.legend(frameon=False, fontsize=8.5, ncols=2, loc="upper center", bbox_to_anchor=(0.5, -0.13))


def _steps(axes: Axes, name: str, steps: Mapping[Group, int | None], norm: LogNorm) -> None:
    axes.set_title(f"{name}: steps to {number(ACCURATE_PERCENT)} % test error (seed 0)", fontsize=11)
    if not steps:
        axes.set_axis_off()
        nothing(axes, "no grid was searched")
        return
    ended = {(init_sd(group), lr(group)): f"{group.by_seed(METRIC).get(0, math.nan):.0f} %" for group in steps}
    heat_map(axes, {(init_sd(group), lr(group)): value for group, value in steps.items()}, norm, ended)
    axes.set_ylabel("sd of the first weights")
