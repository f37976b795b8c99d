"""What AlexNet's tricks are worth at 32x32: ReLU against tanh, augmentation, dropout (Krizhevsky et al. 2012)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from dlbench.records.groups import Group, Runs, current, of_most_seeds
from dlbench.report import columns
from dlbench.report.panels import bars, lines, pictures, style
from dlbench.report.panels.style import BLUE, DARK, GREY, VERMILION, nothing
from dlbench.report.table import Table
from dlbench.stats.numerals import number

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

ACTIVATIONS, REGULARISED = "four_layer_convnet", "alexnet_cifar"  # names of models in a recipe
LEARNT_PERCENT = 25.0  # training error, as in Figure 1; the study's claims say the same
TRAIN, TEST = "train_error_percent", "test_error_percent"
KEYS = ("budget", "device", "activation", "first_weights", "lr", "augmentation", "dropout", "variant")
STEPS = "How many steps each took to 25 % training error is in the claims and in the figure."
GAIN = (
    "Gain: test error without augmentation and dropout less that of the row, in percentage points, paired seed by "
    "seed, with the 95 % Student-t interval of the mean."
)
COLOURS = {"relu": ("ReLU", BLUE), "tanh": ("tanh", VERMILION)}
WEIGHTS = {"file": ("", "-"), "fan_in": (", scaled weights", "--")}


def tables(runs: Runs) -> list[Table]:
    """Nets by activation, first weights and learning rate; then nets by what keeps them from overfitting."""
    ends: columns.Columns = [columns.OF_NO_SETTING, "steps", TRAIN, TEST, "parameters", "published_parameters"]
    activations: columns.Columns = [
        "budget",
        "device",
        ("activation", activation),
        ("first_weights", first_weights),
        ("lr", lr),
        *ends,
    ]
    compared, regularised = arms(runs.groups, ACTIVATIONS), arms(runs.groups, REGULARISED)
    gains: columns.Columns = ["budget", "device", ("augmentation", augmented), ("dropout", dropout), *ends]
    gains.append(("gain_percentage_points", _gain(regularised)))
    return [
        columns.table("ReLU and tanh", runs, compared, activations, [STEPS], KEYS),
        columns.table("Against overfitting", runs, regularised, gains, [GAIN], KEYS),
    ]


def figure(runs: Runs) -> Figure:
    """Training error by step; errors with and without augmentation and dropout; filters of the first seed."""
    compared, regularised = (of_most_seeds(arms(runs.groups, model)) for model in (ACTIVATIONS, REGULARISED))
    drawn = style.figure("What AlexNet's tricks are worth", [*compared, *regularised], 13.5, 5.0)
    left, middle, right = drawn.subplots(1, 3, width_ratios=[1.25, 1.1, 1])
    if lines.learning(left, _curves(compared, runs), "training error (%)", "four-layer net: ReLU and tanh"):
        left.axhline(LEARNT_PERCENT, color=DARK, linewidth=0.8)
        left.set_ylim(0, 95)
    _errors(middle, regularised)
    _filters(right, [*(group for group in compared if first_weights(group) == "file"), *regularised[-1:]])
    return drawn


def arms(groups: Sequence[Group], model: str) -> list[Group]:
    """The groups of this net by budget and device, by weights, activation and rate, the least regularised first."""
    chosen = [group for group in groups if group.setting("model", "name") == model]
    blocks = list(dict.fromkeys((group.budget, group.device) for group in chosen))

    def order(group: Group) -> tuple[Any, ...]:
        block = blocks.index((group.budget, group.device))
        return block, first_weights(group), activation(group), lr(group), augmented(group), dropout(group)

    return sorted(chosen, key=order)


def activation(group: Group) -> str:
    """`relu` or `tanh`."""
    return str(group.setting("model", "activation", "relu"))


def first_weights(group: Group) -> str:
    """`file`, those of the published layer file, or `fan_in`, scaled to keep the signal."""
    return str(group.setting("model", "initial", "file"))


def lr(group: Group) -> float:
    """The learning rate."""
    return float(group.setting("training", "lr"))


def augmented(group: Group) -> bool:
    """Whether the training images are moved and mirrored."""
    return str(group.setting("data", "augment", "none")) != "none"


def dropout(group: Group) -> float:
    """The share of units dropped in the fully connected layers."""
    return float(group.setting("model", "dropout", 0.5))


def _gain(groups: Sequence[Group]) -> columns.Cell:
    """The gain of the row's net over the net without either that ran in the same way."""
    newest = current(groups)

    def gain(group: Group) -> Any:
        others = [other for other in newest if other.block == group.block and other is not group and group in newest]
        plain = next((other for other in others if not augmented(other) and not dropout(other)), None)
        return plain.difference(group, TEST) if plain else None

    return gain


def _curves(compared: Sequence[Group], runs: Runs) -> list[lines.Line]:
    curves = []
    for group in compared:
        (name, colour), (scaled, look) = COLOURS[activation(group)], WEIGHTS[first_weights(group)]
        points = lines.over_seeds(group, runs.curves, TRAIN)
        curves.append(lines.Line(f"{name}{scaled}, rate {number(lr(group))}", points, colour, look))
    return curves


def _errors(axes: Axes, groups: Sequence[Group]) -> None:
    style.panel(axes, "AlexNet: error (%) in training and test", grid="y")
    if not groups:
        nothing(axes, "no net has finished")
        return
    pairs = [
        (name, [group.measure(metric) for group in groups], [colour] * len(groups), 1.0)
        for name, metric, colour in (("training", TRAIN, GREY), ("test", TEST, BLUE))
    ]
    bars.upright(axes, [_means(group) for group in groups], pairs)
    axes.margins(y=0.15)
    axes.legend(ncols=2, frameon=False, fontsize=9, loc="upper right")


def _means(group: Group) -> str:
    """What keeps the net from overfitting, in words."""
    return "\nand ".join(["augmented"] * augmented(group) + ["dropout"] * bool(dropout(group))) or "neither"


def _filters(axes: Axes, groups: Sequence[Group]) -> None:
    """The first layers of the nets whose runs kept them, one below the other."""
    filters_by_recipe = {group.recipe: pictures.kept(group).get("filters") for group in groups}
    rows = {name: filters for name, filters in filters_by_recipe.items() if filters is not None}
    axes.set_axis_off()
    axes.set_title("first-layer filters", fontsize=11)
    if not rows:
        nothing(axes, "no filters were kept")
        return
    for row, (name, filters) in enumerate(rows.items()):
        inset = axes.inset_axes((0.0, 1 - (row + 0.93) / len(rows), 1.0, 0.8 / len(rows)))
        pictures.mosaic(inset, filters, name)
