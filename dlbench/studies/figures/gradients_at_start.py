"""The gradient at five places of each net, from the first layer to the last, before it has learnt anything."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from dlbench.records.groups import Group, groups
from dlbench.report.panels.style import LINES, block_to_show, figure, heading, nothing, quiet
from dlbench.studies.gradients_at_start import depth_of, is_normalised, kind_of

PLACES = (0, 25, 50, 75, 100)  # per cent of the way down at which the score measures


def gradients_at_start(runs: pd.DataFrame, curves: pd.DataFrame) -> Figure:
    """With batch normalisation left, without it right; a line a net, plain ones solid, residual ones dashed."""
    found = groups(runs.reset_index(drop=True))
    block = block_to_show(found)
    here = [group for group in found if (group.budget, group.device) == block]
    drawn = figure(11, 4.6)
    heading(drawn, "The gradient on its way back through nets that have not learnt yet", here)
    axes = drawn.subplots(1, 2, sharey=True)
    _panel(axes[0], "with batch normalisation", [group for group in here if is_normalised(group)])
    _panel(axes[1], "without", [group for group in here if not is_normalised(group)])
    if here:
        axes[0].legend(frameon=False, fontsize=9)  # the same lines on both sides
    axes[0].set_ylabel("gradient by a convolution's weights (rms)")
    return drawn


def _panel(axes: Axes, title: str, shown: Sequence[Group]) -> None:
    quiet(axes)
    axes.set_title(title, fontsize=11)
    axes.set_xlabel("place of the layer, from first (0 %) to last (100 %)")
    if not shown:
        nothing(axes, "nothing has finished")
        return
    axes.set_yscale("log")
    depths = sorted({depth_of(group) for group in shown})
    for group in shown:
        measures = [group.measure(f"train_gradient_rms_at_{place}_percent") for place in PLACES]
        axes.plot(
            PLACES,
            [measure.mean if measure else float("nan") for measure in measures],
            "-o" if kind_of(group) == "plain" else "--s",
            color=LINES[depths.index(depth_of(group))],
            markersize=4,
            label=f"{kind_of(group)}, {depth_of(group)} layers",
        )
