"""Fixed features against learnt ones, a linear classifier's error layer by layer, and what the layers look like."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from dlbench.records import store
from dlbench.records.groups import Group, groups
from dlbench.report.panels.filters import mosaic
from dlbench.report.panels.style import BLUE, DARK, GREY, VERMILION, block_to_show, figure, heading, nothing, quiet
from dlbench.studies.end_to_end import Entry, entries, is_untaught, layers, probe


def end_to_end(runs: pd.DataFrame, curves: pd.DataFrame) -> Figure:
    """Test errors of all ways to come by features left, probes by layer right; means and sd over seeds, one block.

    Below, where the first run of a net that has learnt kept them: an image, and maps of each of its convolutions.
    curves: not looked at; every figure takes both frames.
    """
    found = groups(runs.reset_index(drop=True))
    block = block_to_show(found)
    shown = [group for group in found if (group.budget, group.device) == block]
    nets = [group for group in shown if layers(group)]
    pictures = _pictures(nets)
    drawn = figure(11, 7.4 if pictures else 4.6)
    heading(drawn, "Features fixed beforehand, and features learnt", shown)
    heights = (1.6, 1) if pictures else (1,)
    above, *below = drawn.subfigures(len(heights), 1, height_ratios=heights, squeeze=False)[:, 0]
    left, right = above.subplots(1, 2, width_ratios=(1.15, 1))
    _ways(left, entries(shown))
    _depths(right, nets)
    for part in below:
        panels = part.subplots(1, len(pictures), squeeze=False)[0]
        for axes, (name, maps) in zip(panels, pictures.items(), strict=True):
            mosaic(axes, maps, name, columns=4)
    return drawn


def _pictures(nets: Sequence[Group]) -> dict[str, NDArray[np.float64]]:
    """The image and the maps [maps, channels, h, w] that the first learnt net kept, by what they are; or nothing."""
    paths = [Path(group.runs["path"].iloc[0]) for group in nets if not is_untaught(group)]
    kept = store.pictures(paths[0]) if paths else {}
    return {
        "a test image" if name == "input" else f"maps of {name}": each[None] if name == "input" else each[:, None]
        for name, each in kept.items()
    }


def _ways(axes: Axes, ways: Sequence[Entry]) -> None:
    quiet(axes)
    axes.grid(visible=False, axis="y")
    axes.set_xlabel("test error (%)")
    if not ways:
        nothing(axes, "no run has finished")
        return
    for place, way in enumerate(ways):
        if way.error:
            spread = way.error.sd if way.error.n > 1 else 0.0
            colour = BLUE if way.features.startswith("learnt end") else GREY
            axes.barh(place, way.error.mean, xerr=spread or None, color=colour, ecolor=DARK, capsize=3, height=0.66)
            axes.annotate(
                str(way.error), (way.error.mean + spread, place), xytext=(5, 0), textcoords="offset points",
                va="center", fontsize=9,
            )  # fmt: skip
    axes.set_yticks(range(len(ways)), [f"{way.features}\n{way.classifier}" for way in ways])
    axes.set_ylim(len(ways) - 0.4, -0.6)
    axes.set_xlim(0, 1.35 * max(way.error.mean for way in ways if way.error))


def _depths(axes: Axes, nets: Sequence[Group]) -> None:
    quiet(axes)
    axes.set_ylabel("test error of a linear SVM on the layer (%)")
    axes.set_xlabel("layer of the net")
    if not nets:
        nothing(axes, "no net has been probed")
        return
    for group in nets:
        names = layers(group)
        measures = [measure for name in names if (measure := group.measure(probe(name)))]
        untaught = is_untaught(group)
        axes.errorbar(
            range(len(names)), [measure.mean for measure in measures],
            yerr=[measure.sd if measure.n > 1 else 0.0 for measure in measures],
            color=VERMILION if untaught else BLUE, linestyle="--" if untaught else "-", marker="o", capsize=3,
            label="weights as drawn at random" if untaught else "weights learnt end to end",
        )  # fmt: skip
        axes.set_xticks(range(len(names)), names)
    axes.legend(frameon=False, fontsize=9)
