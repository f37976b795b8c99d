"""Features fixed before the classifier against features learnt with it, and what each layer of a net is worth."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from dlbench.records.groups import Group, Runs
from dlbench.report import columns
from dlbench.report.panels import bars, lines, pictures, style
from dlbench.report.panels.style import BLUE, GREY, VERMILION
from dlbench.report.table import Table
from dlbench.stats.estimates import Measure

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

ERROR = "test_error_percent"
KEYS = ("budget", "device", "train_examples", "features", "recipe", "variant")
LAYER_KEYS = ("budget", "device", "recipe", "variant", "layer")
PROBE = re.compile(r"test_(?P<layer>.+)_probe_error_percent")
UNTAUGHT = "no_learning"  # the learning rule of a net that keeps the weights it starts from
LAST_MAPS = "pool3"  # the layer on which a net's own classifier stands
FEATURES: Mapping[str, str] = {
    "pixels_linear": "none: raw pixels",
    "hog_linear": "made by hand (HOG)",
    "kmeans_linear": "learnt without labels (k-means)",
}
LINEAR, END_TO_END = "linear SVM", "learnt end to end"
PROBED = "A linear SVM fitted to each layer's activations on the training examples, maps averaged down to 4x4."


@dataclass(frozen=True, eq=False)
class Entry:
    """Features, what classifies them, and the metric of the group that says how well."""

    features: str
    classifier: str
    group: Group
    metric: str

    @property
    def error(self) -> Measure | None:
        """The test error, in per cent."""
        return self.group.measure(self.metric)


def tables(runs: Runs) -> list[Table]:
    """The ways to come by features, worst first; and, of nets, a linear classifier's error on each layer."""
    ways = [row for entry in entries(runs.groups) for row in columns.rows([entry.group], _columns(entry))]
    layered = [row for group in runs.groups for row in _layers(group)]
    if len({group.device for group in runs.groups}) <= 1:
        ways, layered = ([row | {"device": None} for row in rows] for rows in (ways, layered))
    made = [columns.of_rows("Features fixed and features learnt", runs, runs.groups, ways, keys=KEYS)]
    if layered:
        title = "What a linear classifier makes of each layer"
        made.append(columns.of_rows(title, runs, runs.groups, layered, [PROBED], LAYER_KEYS))
    return made


def figure(runs: Runs) -> Figure:
    """Test errors of all ways to come by features left, probes by layer right.

    Below, where the first run of a net that has learnt kept them: an image, and maps of each of its convolutions.
    """
    nets = [group for group in runs.groups if layers(group)]
    images = _pictures(nets)
    heights = (1.6, 1) if images else (1,)
    title = "Features fixed beforehand, and features learnt"
    drawn = style.figure(title, runs.groups, 11, 7.4 if images else 4.6)
    above, *below = drawn.subfigures(len(heights), 1, height_ratios=heights, squeeze=False)[:, 0]
    left, right = above.subplots(1, 2, width_ratios=(1.15, 1))
    bars.ranked(left, [bar for entry in entries(runs.groups) for bar in _bars(entry)], "test error (%)")
    _depths(right, nets)
    for part in below:
        for axes, (name, maps) in zip(part.subplots(1, len(images), squeeze=False)[0], images.items(), strict=True):
            pictures.mosaic(axes, maps, name, columns=4)
    return drawn


def entries(groups: Sequence[Group]) -> list[Entry]:
    """All ways to come by features, the highest error first within a budget and device."""
    measured = [entry for group in groups for entry in _entries(group) if entry.error]
    blocks = list(dict.fromkeys((entry.group.budget, entry.group.device) for entry in measured))

    def order(entry: Entry) -> tuple[int, float]:
        return blocks.index((entry.group.budget, entry.group.device)), -(entry.error.mean if entry.error else 0.0)

    return sorted(measured, key=order)


def layers(group: Group) -> list[str]:
    """The layers of which the group's runs know a probe's error, in the order of the recipe."""
    probed = {match["layer"] for column in group.runs if (match := PROBE.fullmatch(str(column)))}
    names = group.setting("score", "layers", [])
    return [name for name in names if name in probed and group.values(probe(name))]


def probe(layer: str) -> str:
    """The metric that holds the probe's error on a layer."""
    return f"test_{layer}_probe_error_percent"


def is_untaught(group: Group) -> bool:
    """Whether the group's nets keep the weights they start from."""
    return bool(group.setting("training", "name") == UNTAUGHT)


def _entries(group: Group) -> list[Entry]:
    """A net with probes counts with a linear classifier on its last maps and, if it was trained, as a whole."""
    if made := FEATURES.get(group.setting("model", "name", "")):
        return [Entry(made, LINEAR, group, ERROR)]
    kind = "random convolutions" if is_untaught(group) else "learnt with a classifier"
    parts = [Entry(kind, f"{LINEAR} on {LAST_MAPS}", group, probe(LAST_MAPS))]
    return parts if is_untaught(group) else [*parts, Entry(END_TO_END, "its own classifier", group, ERROR)]


def _columns(entry: Entry) -> columns.Columns:
    return [
        "budget", "device", "train_examples", ("features", lambda group: entry.features), "recipe", "variant",
        ("classifier", lambda group: entry.classifier), "seeds", (ERROR, lambda group: entry.error),
    ]  # fmt: skip


def _layers(group: Group) -> list[dict[str, Any]]:
    """One row a layer, first layer first."""
    weights, rows = "as drawn" if is_untaught(group) else "learnt", []
    for layer in layers(group):
        measured = {"layer": layer, "weights": weights, ERROR: group.measure(probe(layer))}
        rows += [row | measured for row in columns.rows([group], ("budget", "device", "recipe", "variant"))]
    return rows


def _bars(entry: Entry) -> list[bars.Bar]:
    label, colour = f"{entry.features}\n{entry.classifier}", BLUE if entry.features == END_TO_END else GREY
    return bars.of_group(entry.group, entry.metric, label, colour)


def _pictures(nets: Sequence[Group]) -> dict[str, NDArray[np.float64]]:
    """The image and the maps [maps, channels, h, w] that the first learnt net kept, by what they are; or nothing."""
    images = next((pictures.kept(group) for group in nets if not is_untaught(group)), {})
    return {
        "a test image" if name == "input" else f"maps of {name}": maps[None] if name == "input" else maps[:, None]
        for name, maps in images.items()
    }


def _depths(axes: Axes, nets: Sequence[Group]) -> None:
    style.panel(axes, "", "layer of the net", "test error of a linear SVM on the layer (%)")
    curves = []
    for group in nets:
        points = lines.through({position: group.measure(probe(layer)) for position, layer in enumerate(layers(group))})
        look = (
            ("weights as drawn at random", VERMILION, "--")
            if is_untaught(group)
            else ("weights learnt end to end", BLUE, "-")
        )
        curves.append(lines.Line(look[0], points, look[1], look[2], marker="o"))
        axes.set_xticks(range(len(layers(group))), layers(group))
    axes.margins(x=0.12)  # the names of layers are long
    lines.by_size(axes, curves, empty="no net has been probed")
