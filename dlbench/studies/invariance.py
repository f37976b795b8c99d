"""How much of a changed image each layer of a net still sees."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from dlbench.records.groups import Group, Runs
from dlbench.report import columns
from dlbench.report.panels import lines, style
from dlbench.report.panels.style import LINES
from dlbench.report.table import Table

if TYPE_CHECKING:
    from matplotlib.figure import Figure

CHANGES = ("shift", "mirror", "noise")
KEYS = ("recipe", "variant", "budget", "device", "layer")
NOTE = (
    "Shift, mirror, noise: mean squared distance between what a layer says of an image and of the changed one, in per "
    "cent of that between two images; at 100 the change is as good as another image."
)


def tables(runs: Runs) -> list[Table]:
    """One row a net and layer, lowest layer first."""
    shown = [group for group in runs.groups if layers(group)]
    rows = [
        {key: getattr(group, key) for key in KEYS[:3]}
        | {"layer": layer, **{f"{name}_percent": group.measure(_metric(layer, name)) for name in CHANGES}}
        for group in shown
        for layer in layers(group)
    ]
    return [columns.of_rows("What layers see of a changed image", runs, shown, rows, [NOTE], KEYS)]


def figure(runs: Runs) -> Figure:
    """A panel a change; a line a net, from the lowest layer to the highest."""
    shown = [group for group in runs.groups if layers(group)]
    drawn = style.figure("What is left to see of a change, layer by layer", shown, 11, 4.4)
    for axes, change in zip(drawn.subplots(1, len(CHANGES)), CHANGES, strict=True):
        style.panel(axes, change, "layer", "seen of it (%)" if change == CHANGES[0] else "")
        lines.by_size(axes, [_line(group, change, place) for place, group in enumerate(shown)])
        if shown:
            names = [layer.removesuffix("_activation") for layer in layers(shown[0])]
            axes.set_xticks(range(len(names)), names)
            axes.set_ylim(bottom=0)
    return drawn


def layers(group: Group) -> Sequence[str]:
    """The layers that its score looked at, lowest first; none of another score."""
    return [str(layer) for layer in group.setting("score", "layers", [])]


def _line(group: Group, change: str, place: int) -> lines.Line:
    measures = {number: group.measure(_metric(layer, change)) for number, layer in enumerate(layers(group))}
    label = "not trained" if group.setting("training", "name") == "no_learning" else "trained"
    return lines.Line(label, lines.through(measures), LINES[place], marker="o")


def _metric(layer: str, change: str) -> str:
    return f"test_{layer}_{change}_percent"
