"""Nets for photographs as they are counted: layers, neurons, parameters and multiply-adds."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dlbench.records.groups import Group, Runs
from dlbench.report import columns
from dlbench.report.panels import style
from dlbench.report.panels.style import LINES, nothing
from dlbench.report.table import Table

if TYPE_CHECKING:
    from matplotlib.figure import Figure

FAMILIES = ("alexnet", "vgg", "resnet")
NOTE = (
    "Learnt layers: convolutions and matrices on the longest way through the net. Multiply-adds: of one image, which "
    "the papers call FLOPs."
)


def tables(runs: Runs) -> list[Table]:
    """One row a net, as the study lists them."""
    cells: columns.Columns = [*columns.NAMED]
    cells += [(name, columns.measured(f"train_{name}")) for name in ("learnt_layers", "neurons")]
    cells += ["parameters", "multiply_adds"]
    return [columns.table("Counted layer by layer", runs, runs.groups, cells, [NOTE])]


def figure(runs: Runs) -> Figure:
    """Multiply-adds by depth, an area for the parameters, a colour for each family."""
    drawn = style.figure("Deeper, and yet less to compute", runs.groups, 8, 4.8)
    axes = drawn.subplots()
    style.panel(axes, "area: parameters", "layers that learn", "multiply-adds of one image (billions)")
    shown = [group for group in runs.groups if group.values("train_learnt_layers")]
    if not shown:
        nothing(axes, "nothing was counted")
    for group in shown:
        layers, billions = group.values("train_learnt_layers")[0], (group.constant("multiply_adds") or 0) / 1e9
        colour = LINES[_family(group)]
        axes.scatter(layers, billions, s=(group.constant("parameters") or 0) / 2e5, color=colour, alpha=0.7)
        name = str(group.setting("model", "net", "alexnet"))
        axes.annotate(name, (layers, billions), xytext=(0, 16), textcoords="offset points", ha="center", fontsize=9)
    axes.margins(0.12)
    return drawn


def _family(group: Group) -> int:
    """Which of the families a net is of."""
    name = str(group.setting("model", "net", "alexnet"))
    return next(number for number, family in enumerate(FAMILIES) if name.startswith(family))
