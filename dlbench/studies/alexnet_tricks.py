"""What AlexNet's tricks are worth at 32x32: ReLU against tanh, augmentation, dropout (Krizhevsky et al. 2012)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pandas as pd

from dlbench.records.groups import Group, current, groups
from dlbench.report.notes import finite_test_set, footnotes
from dlbench.report.table import Table
from dlbench.stats.estimates import Estimate, paired_difference

ACTIVATIONS, REGULARISED = "four_layer_convnet", "alexnet_cifar"  # names of models in a recipe
LEARNT_PERCENT = 25.0  # training error, as in Figure 1; the study's claims say the same
KEYS = ("budget", "device", "activation", "first_weights", "lr", "augmentation", "dropout", "variant")
STEPS = "How many steps each took to 25 % training error is in the claims and in the figure."
GAIN = (
    "Gain: test error without augmentation and dropout less that of the row, in percentage points, paired seed by "
    "seed, with the 95 % Student-t interval of the mean."
)


def alexnet_tricks(runs: pd.DataFrame) -> list[Table]:
    """Nets by activation, first weights and learning rate; then nets by what keeps them from overfitting."""
    runs = runs.reset_index(drop=True)
    found = groups(runs)
    compared, regularised = arms(found, ACTIVATIONS), arms(found, REGULARISED)
    return [
        _table("ReLU and tanh", runs, compared, [_activation_row(group) for group in compared], STEPS),
        _table(
            "Against overfitting", runs, regularised, [_gain_row(group, regularised) for group in regularised], GAIN
        ),
    ]


def arms(found: Sequence[Group], model: str) -> list[Group]:
    """The groups of this net, block by block; alike arms together by rate, and the least regularised first."""
    chosen = [group for group in found if group.resolved["model"].get("name") == model]
    blocks = list(dict.fromkeys((group.budget, group.device) for group in chosen))
    return sorted(chosen, key=lambda group: (blocks.index((group.budget, group.device)), *_order(group)))


def activation(group: Group) -> str:
    """`relu` or `tanh`."""
    return str(group.resolved["model"].get("activation", "relu"))


def first_weights(group: Group) -> str:
    """`file`, those of the published layer file, or `fan_in`, scaled to keep the signal."""
    return str(group.resolved["model"].get("initial", "file"))


def lr(group: Group) -> float:
    """The learning rate."""
    return float(group.resolved["training"]["lr"])


def augmented(group: Group) -> bool:
    """Whether the training images are moved and mirrored."""
    return str(group.resolved["data"].get("augment", "none")) != "none"


def dropout(group: Group) -> float:
    """The share of units dropped in the fully connected layers."""
    return float(group.resolved["model"].get("dropout", 0.5))


def _order(group: Group) -> tuple[Any, ...]:
    return first_weights(group), activation(group), lr(group), augmented(group), dropout(group)


def _table(title: str, runs: pd.DataFrame, shown: Sequence[Group], rows: Sequence[dict[str, Any]], note: str) -> Table:
    names = {group.recipe for group in shown}
    own = runs[runs["recipe"].isin(names)]
    return Table.of(title, rows, [note, *footnotes(own, shown, rows), *finite_test_set(shown)], KEYS)


def _row(group: Group) -> dict[str, Any]:
    return {
        "steps": group.constant("steps"),
        "train_error_percent": group.measure("train_error_percent"),
        "test_error_percent": group.measure("test_error_percent"),
        "parameters": group.constant("parameters"),
        "published_parameters": group.published("parameters"),
    }


def _activation_row(group: Group) -> dict[str, Any]:
    return {
        "budget": group.budget,
        "device": group.device,
        "activation": activation(group),
        "first_weights": first_weights(group),
        "lr": lr(group),
        "variant": group.mark,
        **_row(group),
    }


def _gain_row(group: Group, shown: Sequence[Group]) -> dict[str, Any]:
    return {
        "budget": group.budget,
        "device": group.device,
        "augmentation": augmented(group),
        "dropout": dropout(group),
        "variant": group.mark,
        **_row(group),
        "gain_percentage_points": _gain(group, shown),
    }


def _gain(group: Group, shown: Sequence[Group]) -> Estimate | None:
    """What the row's net gains over the bare one that ran in the same way; None without a shared seed."""
    now = current(shown)
    same = (each for each in now if each.block == group.block and each is not group and group in now)
    bare = next((each for each in same if not augmented(each) and not dropout(each)), None)
    if bare is None:
        return None
    found = paired_difference(bare.by_seed("test_error_percent"), group.by_seed("test_error_percent"))
    return found if found.n else None
