"""Loss, signal and gradient of plain and residual nets before they have learnt anything."""

from __future__ import annotations

from typing import Any

import pandas as pd

from dlbench.records.groups import Group, groups
from dlbench.report.notes import footnotes
from dlbench.report.table import Table

KEYS = ("budget", "device", "batch_norm", "net", "depth", "variant")
COLUMNS = (
    "loss", "activation_rms_at_0_percent", "activation_rms_at_100_percent", "gradient_rms_at_0_percent",
    "gradient_rms_at_100_percent", "gradient_ratio",
)  # fmt: skip
NOTES = (
    "Of one batch of noise, forward and back in training mode. At 0 and 100 percent: of the first and of the last "
    "convolution; the gradient is that of the loss by its weights, as the root of its mean square.",
    "Gradient ratio: that of the first convolution over that of the last.",
)


def gradients_at_start(runs: pd.DataFrame) -> list[Table]:
    """One row a net: what reaches its last layer on the way down, and its first on the way back."""
    runs = runs.reset_index(drop=True)
    found = groups(runs)
    rows = [_row(group, several_devices=len({each.device for each in found}) > 1) for group in found]
    title = "Signal and gradient before learning"
    return [Table.of(title, rows, [*NOTES, *footnotes(runs, found, rows)], KEYS, mixed=COLUMNS)]


def kind_of(group: Group) -> str:
    """`plain` or `residual`."""
    return "plain" if group.resolved["model"].get("shortcut") == "none" else "residual"


def is_normalised(group: Group) -> bool:
    """Whether the net has batch normalisation."""
    return bool(group.resolved["model"].get("batch_norm", True))


def depth_of(group: Group) -> int:
    """How many layers the net has."""
    return int(group.resolved["model"]["depth"])


def _row(group: Group, several_devices: bool) -> dict[str, Any]:
    return {
        "budget": group.budget,
        "device": group.device if several_devices else None,
        "batch_norm": is_normalised(group),
        "net": kind_of(group),
        "depth": depth_of(group),
        "variant": group.variant,
        **{column: group.measure(f"train_{column}") for column in COLUMNS},
    }
