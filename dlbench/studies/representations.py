"""How many things a code tells apart, and what a net knows through it of things it never saw."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from dlbench.records.groups import Group, Quoted, Runs
from dlbench.report import columns
from dlbench.report.panels import bars, style
from dlbench.report.panels.style import BLUE, DARK, GREY, VERMILION, nothing
from dlbench.report.table import Table

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

CODES, THINGS = "codes", "things"  # names of data in a recipe
KEYS = ("budget", "device", "code", "units", "variant")
ACTIVE = "Units: how many the code may use."
LAW = "Hinton, McClelland & Rumelhart 1986: n things of n localist units, 2^n of n distributed ones"
HELD_OUT = "Chance is 50 %. Random: as many units as in the distributed code, active together without any meaning."
CHANCE_PERCENT = 50.0
TRAIN, TEST = "train_error_percent", "test_error_percent"
COLOURS = {"distributed": BLUE, "localist": VERMILION, "random": GREY}
MEANT = {
    "localist": "a unit for\neach thing",
    "random": "shared units\nthat mean nothing",
    "distributed": "units for shape,\ncolour, size",
}


def tables(runs: Runs) -> list[Table]:
    """Things told apart by code and number of units; then errors on things shown and on things held out."""
    names: columns.Columns = ["budget", "device", ("code", code), columns.OF_NO_SETTING]
    counts: columns.Columns = [("units", units), ("things", columns.whole("train_examples"))]
    counts += [("told_apart", columns.measured("train_told_apart")), ("published_told_apart", _law)]
    errors: columns.Columns = [
        ("units", lambda group: group.setting("model", "sizes")[0]), ("things_shown", columns.whole("train_examples")),
        ("things_held_out", columns.whole("test_examples")), TRAIN, TEST,
    ]  # fmt: skip
    codes, unseen = capacity(runs.groups), generalisation(runs.groups)
    return [
        columns.table("Things that units tell apart", runs, codes, [*names, *counts], [ACTIVE], KEYS),
        columns.table("Things never seen", runs, unseen, [*names, *errors], [HELD_OUT], KEYS),
    ]


def figure(runs: Runs) -> Figure:
    """Things told apart by number of units left; errors with one sd over seeds right."""
    codes, unseen = capacity(runs.groups), generalisation(runs.groups)
    drawn = style.figure("One unit a thing, or many units for every thing", [*codes, *unseen], 10.5, 4.8)
    left, right = drawn.subplots(1, 2)
    _capacity(left, codes)
    _errors(right, unseen)
    return drawn


def capacity(groups: Sequence[Group]) -> list[Group]:
    """The groups that count what a code tells apart, block by block, by code and number of units."""
    chosen = [g for g in groups if g.setting("data", "name") == CODES and g.values("train_told_apart")]
    return _by_block(chosen, lambda group: (code(group), -units(group)))


def generalisation(groups: Sequence[Group]) -> list[Group]:
    """The groups tested on things that they did not learn from, largest error first in each block."""
    chosen = [group for group in groups if group.setting("data", "name") == THINGS and group.values(TEST)]
    return _by_block(chosen, lambda group: -sum(group.values(TEST)) / len(group.values(TEST)))


def code(group: Group) -> str:
    """`localist`, `distributed` or `random`."""
    return str(group.setting("data", "code"))


def units(group: Group) -> int:
    """How many units the code may use."""
    return int(group.setting("data", "units"))


def _by_block(groups: Sequence[Group], key: Callable[[Group], Any]) -> list[Group]:
    blocks = list(dict.fromkeys((group.budget, group.device) for group in groups))
    return sorted(groups, key=lambda group: (blocks.index((group.budget, group.device)), key(group)))


def _law(group: Group) -> Quoted:
    return Quoted(units(group) if code(group) == "localist" else 2 ** units(group), LAW)


def _capacity(axes: Axes, groups: Sequence[Group]) -> None:
    """Dots for what was counted, on a line for what is exact, named at its end."""
    style.panel(axes, "things told apart", "units")
    if not groups:
        nothing(axes, "no code was tried")
        return
    axes.set_yscale("log", base=2)
    axes.locator_params(axis="x", integer=True)
    for name, law in (("distributed", "2ⁿ"), ("localist", "n")):
        nets = sorted((group for group in groups if code(group) == name), key=units)
        counts, colour = [group.values("train_told_apart")[0] for group in nets], COLOURS[name]
        if nets:
            axes.plot([units(group) for group in nets], [float(_law(g).value) for g in nets], color=colour, alpha=0.6)
            axes.plot([units(group) for group in nets], counts, "o", color=colour, markersize=7)
            axes.annotate(
                f"{name}: {law}", (units(nets[-1]), counts[-1]), xytext=(-8, 9), textcoords="offset points",
                ha="right", color=colour,
            )  # fmt: skip
    axes.margins(y=0.12)


def _errors(axes: Axes, groups: Sequence[Group]) -> None:
    style.panel(axes, "error (%) on things shown (pale) and never seen (full), ± sd", grid="y")
    if not groups:
        nothing(axes, "no net has learnt")
        return
    colours = [COLOURS[code(group)] for group in groups]
    pairs = [
        (TRAIN, [g.measure(TRAIN) for g in groups], colours, 0.35),
        (TEST, [g.measure(TEST) for g in groups], colours, 1.0),
    ]
    bars.upright(axes, [MEANT[code(group)] for group in groups], pairs)
    axes.axhline(CHANCE_PERCENT, color=DARK, linewidth=0.9, linestyle="--")
    axes.annotate("chance", (len(groups) - 0.5, CHANCE_PERCENT), xytext=(0, 3), textcoords="offset points", ha="right")
    axes.set_ylim(0, 72)
