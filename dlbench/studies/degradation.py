"""Plain and residual nets by depth: errors, the gap depth opens, whether shortcuts turn its sign (He et al. 2015)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pandas as pd

from dlbench.records.groups import Group, differences, settings
from dlbench.report.notes import finite_test_set, footnotes
from dlbench.report.table import Table
from dlbench.spec import recipe
from dlbench.studies import gaps
from dlbench.studies.nets import Net, by_depth

KEYS = ("budget", "device", "depth", "net", "variant")
FIGURES = {
    "published_test_error_percent": "paper",
    "published_reading_of_fig6_percent": "reading",
    "published_remeasured_by_others_percent": "re-measurement",
}
NO_PLAIN_TABLE = (
    "He et al. 2015 tabulate no plain net on CIFAR-10, only curves (Fig. 6): the figures for plain "
    "nets are other people's."
)


def degradation(runs: pd.DataFrame) -> list[Table]:
    """Errors by depth, and the gaps between the shallowest net and every deeper one."""
    runs = runs.reset_index(drop=True)
    found = by_depth(runs)
    groups = [net.group for net in found]
    several = len({net.group.device for net in found}) > 1
    errors = [_row(net, several) for net in found]
    costs = gaps.rows(found)
    notes = [*footnotes(runs, groups, errors), *_otherwise(groups), NO_PLAIN_TABLE, *finite_test_set(groups)]
    return [
        Table.of("Plain and residual nets by depth", errors, notes, KEYS),
        Table.of(
            "What depth costs, and what shortcuts change",
            costs,
            [*(gaps.NOTES if costs else gaps.NONE), *footnotes(runs, groups, costs)],
            gaps.KEYS,
        ),
    ]


def _otherwise(groups: Sequence[Group]) -> list[str]:
    """A line for each budget on what it does otherwise than the published training of the first net."""
    told: dict[str, str] = {}
    for group in groups:
        if group.budget not in ("full", *told):
            published = settings(recipe.load(group.recipe, "full").as_dict())
            ours = settings(group.resolved)
            changed = [f"{key} {ours.get(key)} instead of {published.get(key)}" for key in differences(published, ours)]
            told[group.budget] = f"Otherwise than published at {group.budget}: {'; '.join(changed)}."
    return list(told.values())


def _row(net: Net, several_devices: bool) -> dict[str, Any]:
    return {
        "budget": net.group.budget,
        "device": net.group.device if several_devices else None,
        "depth": net.depth,
        "net": net.kind,
        "variant": net.mark,
        "train_error_percent": net.group.measure("train_error_percent"),
        "test_error_percent": net.group.measure("test_error_percent"),
        **{column: net.published(figure) for column, figure in FIGURES.items()},
        "parameters": net.group.constant("parameters"),
    }
