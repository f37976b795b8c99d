"""How close one hidden layer comes with so many units, and how many straight pieces nets are made of."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import fmean
from typing import TYPE_CHECKING, Any

import numpy as np

from dlbench.records.groups import Group, Runs, of_most_seeds
from dlbench.report import columns
from dlbench.report.panels import style
from dlbench.report.panels.style import BLUE, DARK, GREEN, GREY, ORANGE, PURPLE, VERMILION, nothing
from dlbench.report.table import Table
from dlbench.stats.estimates import mean, sd

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

FITS = {"least_squares": "least squares", "sgd": "gradient descent"}  # names in a recipe, and in words
CLOSE = (
    "Sup error: the largest deviation on the test's grid; functions are between -1 and 1. Mean ± sd over seeds.",
    "Barron's bound on the mean squared error, (2 r C)^2 / n, is for the best net of n sigmoidal units (Barron 1993, "
    "theorem 1); a polynomial activation has none.",
)
FOLDED = (
    "Pieces and peaks of the output over [0, 1], counted bend by bend.",
    "A shallow net of n units has n + 1 pieces at most.",
)
# function, activation and learning rule of the nets of a line, how it is drawn, and what it shows
LINES = {
    ("wave", "cubic", "least_squares"): (PURPLE, "s", "a wave, cubic units, least squares"),
    ("bump", "logistic", "least_squares"): (GREEN, "^", "a bump in the plane, logistic, least squares"),
    ("wave", "logistic", "sgd"): (VERMILION, "D", "a wave, logistic, gradient descent"),
    ("wave", "logistic", "least_squares"): (BLUE, "o", "a wave, logistic, least squares"),
}
FORMS = {"deep": (BLUE, "o"), "shallow": (ORANGE, "s"), "trained": (VERMILION, "D")}


def tables(runs: Runs) -> list[Table]:
    """One table of errors by units, one of straight pieces."""
    errors: columns.Columns = [
        *columns.NAMED, ("units", units), ("activation", columns.setting("model", "activation")), ("fit", _fit),
        ("sup_error", _small("test_sup_error")), ("mean_squared_error", _small("test_mean_squared_error")),
        ("barron_bound", bound), ("lr", columns.setting("training", "lr")),
    ]  # fmt: skip
    pieces: columns.Columns = [
        *columns.NAMED, ("units", units), "parameters", ("pieces", columns.measured("train_pieces")),
        ("published_pieces", columns.quoted("train_pieces")), ("peaks", columns.measured("train_peaks")),
        ("error_percent", columns.measured("train_error_percent")),
        ("published_error_percent", columns.quoted("train_error_percent")),
    ]  # fmt: skip
    close, folded = filter(is_close, runs.groups), filter(is_folded, runs.groups)
    return [
        columns.table("Errors of one hidden layer", runs, list(close), errors, CLOSE),
        columns.table("Deep and shallow sawteeth", runs, list(folded), pieces, FOLDED),
    ]


def figure(runs: Runs) -> Figure:
    """Means over seeds, ticks from the smallest to the largest seed."""
    groups = of_most_seeds([group for group in runs.groups if is_close(group) or is_folded(group)])
    close, folded = list(filter(is_close, groups)), list(filter(is_folded, groups))
    title = "What one hidden layer can approximate, and what depth makes cheap"
    drawn = style.figure(title, groups, 13, 5.4)
    axes = drawn.subplot_mosaic([["sup", "mse", "teeth"], ["sup", "mse", "pieces"]])
    _errors(axes["sup"], close, "test_sup_error", "largest deviation on the test's grid")
    _errors(axes["mse"], close, "test_mean_squared_error", "mean squared error, and Barron's bound (dashed)")
    _bounds(axes["mse"], close)
    _teeth(axes["teeth"])
    _pieces(axes["pieces"], folded)
    handles, labels = axes["sup"].get_legend_handles_labels()
    drawn.legend(handles, labels, loc="outside lower left", ncols=2, frameon=False, fontsize=9)
    return drawn


def is_close(group: Group) -> bool:
    """Whether these runs approximate a function."""
    return bool(group.values("test_sup_error"))


def is_folded(group: Group) -> bool:
    """Whether these runs count straight pieces."""
    return bool(group.values("train_pieces"))


def units(group: Group) -> int:
    """Hidden units, as the recipe has them."""
    if sizes := group.setting("model", "sizes"):
        return int(sum(sizes[1:-1]))
    k = group.setting("model", "k")
    return int(2 * k if form(group) == "deep" else 2**k)


def form(group: Group) -> str:
    """`deep` or `shallow` where the recipe builds a sawtooth, `trained` where a net learns it."""
    return "trained" if group.setting("model", "sizes") else str(group.setting("model", "form", "deep"))


def bound(group: Group) -> float | None:
    """Barron's bound, for logistic units."""
    bounds = group.values("test_barron_bound") if group.setting("model", "activation") == "logistic" else []
    return bounds[0] if bounds else None


def small(values: Sequence[float]) -> str:
    """Mean and sd of numbers that may be far below one: `2.0e-04 ± 7e-05 (n=10)`."""
    spread = f" ± {sd(values):.0e}" if len(values) > 1 else ""
    return f"{mean(values):.1e}{spread} (n={len(values)})"


def _small(metric: str) -> columns.Cell:
    return lambda group: small(group.values(metric))


def _fit(group: Group) -> str:
    rule = str(group.setting("training", "name"))
    return FITS.get(rule, rule)


def _line(group: Group) -> tuple[Any, ...]:
    """The line that a net belongs to."""
    named = (("data", "function"), ("model", "activation"), ("training", "name"))
    return tuple(group.setting(part, key) for part, key in named)


def _errors(axes: Axes, groups: Sequence[Group], metric: str, title: str) -> None:
    style.panel(axes, title, "hidden units")
    axes.set_xscale("log", base=2)
    axes.set_yscale("log")
    style.thousands(axes.xaxis)
    if not groups:
        nothing(axes, "no run has finished")
    for name, (colour, marker, label) in LINES.items():
        line = sorted((group for group in groups if _line(group) == name), key=units)
        if line:
            widths, values = [units(group) for group in line], [group.values(metric) for group in line]
            axes.plot(widths, list(map(fmean, values)), marker, ls="-", color=colour, label=label, markersize=5)
            axes.vlines(widths, list(map(min, values)), list(map(max, values)), color=colour, alpha=0.5)


def _bounds(axes: Axes, groups: Sequence[Group]) -> None:
    """Barron's bound beside the nets fitted by least squares."""
    for name, (colour, *_) in LINES.items():
        line = sorted((group for group in groups if _line(group) == name and _fit(group) == "least squares"), key=units)
        bounds = {units(group): value for group in line if (value := bound(group)) is not None}
        axes.plot(list(bounds), list(bounds.values()), "--", color=colour, linewidth=1.2)


def _teeth(axes: Axes) -> None:
    """The mirror map once, three times and seven times over, drawn from its formula."""
    style.panel(axes, "the mirror map, folded 1, 3 and 7 times")
    inputs = np.arange(2**7 + 1) / 2**7
    for layers, colour in ((7, GREY), (3, BLUE), (1, VERMILION)):
        values = inputs
        for _ in range(layers):
            values = 1 - abs(2 * values - 1)
        axes.plot(inputs, values, color=colour, linewidth=0.7 if layers == 7 else 1.6)
    axes.set_yticks([0, 1])


def _pieces(axes: Axes, groups: Sequence[Group]) -> None:
    style.panel(axes, "straight pieces by units, seven folds", "hidden units")
    axes.set_xscale("log", base=2)
    axes.set_yscale("log", base=2)
    style.thousands(axes.xaxis, axes.yaxis)
    axes.set_xlim(7, 700)
    axes.set_ylim(2, 400)
    if not groups:
        nothing(axes, "no run has finished")
        return
    most = np.array([7, 400])
    axes.plot(most, most + 1, "--", color=DARK, linewidth=1)
    axes.annotate("most of a shallow net", (32, 18), fontsize=8, color=DARK)
    for group in groups:
        colour, marker = FORMS[form(group)]
        point = units(group), fmean(group.values("train_pieces"))
        axes.plot(*point, marker, color=colour, markersize=7)
        words = f"{form(group)}: {fmean(group.values('train_error_percent')):.0f} % wrong"
        axes.annotate(words, point, xytext=(9, -9), textcoords="offset points", fontsize=8, color=DARK)
