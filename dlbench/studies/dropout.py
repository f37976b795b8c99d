"""Ways not to overfit, side by side: weight decay, a bound on the weights' norm, dropout (Srivastava et al. 2014)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from dlbench.records.groups import Group, Runs, current
from dlbench.report import columns
from dlbench.report.panels import bars, lines, style
from dlbench.report.panels.style import GREY, LINES
from dlbench.report.table import Table
from dlbench.stats.estimates import Estimate

if TYPE_CHECKING:
    from matplotlib.figure import Figure

MODEL = "dropout_net"
METRIC = "test_error_percent"
KEYS = ("budget", "device", "train_examples", "against_overfitting", "variant")
NOTE = (
    "Gain: test error without any of them less that of the row, in percentage points, paired seed by seed, with the 95 "
    "% Student-t interval of the mean. p of dropout is the share of units RETAINED."
)


def tables(runs: Runs) -> list[Table]:
    """A row an arm, most examples first, and among those that share them the largest error first."""
    groups = arms(runs.groups)
    cells: columns.Columns = [
        "budget",
        "device",
        "train_examples",
        ("against_overfitting", means),
        columns.OF_NO_SETTING,
    ]
    cells += [
        "train_error_percent",
        METRIC,
        f"published_{METRIC}",
        ("gain_percentage_points", _gain(groups)),
        "parameters",
    ]
    return [columns.table("Against overfitting", runs, groups, cells, [NOTE], KEYS)]


def figure(runs: Runs) -> Figure:
    """Bars left, curves of the arms with most examples right."""
    groups = [group for group in arms(runs.groups) if not _is_searched(group)]
    most = [group for group in groups if examples(group) == examples(groups[0])]
    colours = dict(zip(most, LINES, strict=False))
    drawn = style.figure("Ways not to overfit", groups, 11, 4.8)
    left, right = drawn.subplots(1, 2, width_ratios=[1.15, 1])
    bars.ranked(
        left,
        [bar for group in groups for bar in bars.of_group(group, METRIC, _label(group), colours.get(group, GREY))],
        "test error (%): mean, one sd either way, a dot for each seed",
    )
    curves = [
        lines.Line(means(group), lines.over_seeds(group, runs.curves, METRIC), colour)
        for group, colour in colours.items()
    ]
    title = f"{examples(most[0]):,} examples" if most else ""
    lines.without_steep_start(right, lines.learning(right, curves, "test error (%)", title))
    return drawn


def means(group: Group) -> str:
    """What keeps the net from overfitting, in words."""
    retained = group.setting("model", "retain_hidden", 0.5), group.setting("model", "retain_inputs", 0.8)
    words = ["dropout"] if min(retained) < 1 else []
    for key, name in (("max_norm", "max-norm"), ("weight_decay", "weight decay")):
        words += [f"{name} {value:g}"] if (value := group.setting("training", key)) else []
    return " + ".join(words) or "nothing"


def examples(group: Group) -> int:
    """The number of training examples."""
    return group.constant("train_examples") or 0


def arms(groups: Sequence[Group]) -> list[Group]:
    """All arms that ran, in the order of their recipes, budget by budget, those with most examples first."""
    chosen = [group for group in groups if group.setting("model", "name") == MODEL]
    ranks = {(group.budget, group.device): rank for rank, group in enumerate(reversed(chosen))}
    return sorted(chosen, key=lambda group: (-ranks[group.budget, group.device], -examples(group)))


def _gain(groups: Sequence[Group]) -> Callable[[Group], Estimate | None]:
    """The gain of an arm over the one with nothing against overfitting that ran in the same way."""
    newest = current(groups)

    def alike(group: Group) -> tuple[Any, ...]:
        return group.block, examples(group)

    def gain(group: Group) -> Estimate | None:
        others = newest if group in newest else []
        plain = next((other for other in others if alike(other) == alike(group) and means(other) == "nothing"), group)
        return plain.difference(group, METRIC) if plain is not group else None

    return gain


def _is_searched(group: Group) -> bool:
    """Whether this is a point of a sweep that the recipe did not choose: only those have a single seed."""
    return bool(group.variant) and len(group.seeds) == 1


def _label(group: Group) -> str:
    return f"{means(group)}\n{examples(group):,} examples"
