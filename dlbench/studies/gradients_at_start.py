"""Loss, signal and gradient of plain and residual nets before they have learnt anything."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from dlbench.records.groups import Group, Runs
from dlbench.report import columns
from dlbench.report.panels import lines, style
from dlbench.report.panels.style import LINES, nothing
from dlbench.report.table import Table

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

KEYS = ("budget", "device", "batch_norm", "net", "depth", "variant")
MEASURED = (
    "loss", "activation_rms_at_0_percent", "activation_rms_at_100_percent", "gradient_rms_at_0_percent",
    "gradient_rms_at_100_percent", "gradient_ratio",
)  # fmt: skip
NOTES = (
    "Of one batch of noise, forward and back in training mode. At 0 and 100 percent: of the first and of the last "
    "convolution; the gradient is that of the loss by its weights, as the root of its mean square.",
    "Gradient ratio: that of the first convolution over that of the last.",
)
PLACES = (0, 25, 50, 75, 100)  # per cent of the way down at which the score measures


def tables(runs: Runs) -> list[Table]:
    """One row a net: what reaches its last layer on the way down, and its first on the way back."""
    cells: columns.Columns = [
        "budget",
        "other_device",
        ("batch_norm", is_normalised),
        ("net", kind_of),
        ("depth", depth_of),
        "variant",
    ]
    cells += [(name, columns.measured(f"train_{name}")) for name in MEASURED]
    return [columns.table("Signal and gradient before learning", runs, runs.groups, cells, NOTES, KEYS, mixed=MEASURED)]


def figure(runs: Runs) -> Figure:
    """With batch normalisation left, without it right; a line a net, plain ones solid, residual ones dashed."""
    title = "The gradient on its way back through nets that have not learnt yet"
    drawn = style.figure(title, runs.groups, 11, 4.6)
    left, right = drawn.subplots(1, 2, sharey=True)
    _panel(left, "with batch normalisation", [group for group in runs.groups if is_normalised(group)])
    _panel(right, "without", [group for group in runs.groups if not is_normalised(group)])
    left.set_ylabel("gradient by a convolution's weights (rms)")
    if runs.groups:
        left.legend(frameon=False, fontsize=9)  # the same lines on both sides
    return drawn


def kind_of(group: Group) -> str:
    """`plain` or `residual`."""
    return "plain" if group.setting("model", "shortcut") == "none" else "residual"


def is_normalised(group: Group) -> bool:
    """Whether the net has batch normalisation."""
    return bool(group.setting("model", "batch_norm", True))


def depth_of(group: Group) -> int:
    """How many layers the net has."""
    return int(group.setting("model", "depth"))


def _panel(axes: Axes, title: str, groups: Sequence[Group]) -> None:
    style.panel(axes, title, "place of the layer, from first (0 %) to last (100 %)")
    if not groups:
        nothing(axes, "nothing has finished")
        return
    axes.set_yscale("log")
    depths = sorted({depth_of(group) for group in groups})
    for group in groups:
        points = lines.through({depth: group.measure(f"train_gradient_rms_at_{depth}_percent") for depth in PLACES})
        points["count"] = 1  # scatter over seeds is too small to see, or goes below zero on this scale
        look = ("-", "o") if kind_of(group) == "plain" else ("--", "s")
        label = f"{kind_of(group)}, {depth_of(group)} layers"
        lines.draw(axes, lines.Line(label, points, LINES[depths.index(depth_of(group))], *look))
