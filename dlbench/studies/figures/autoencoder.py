"""How well images survive a code of 30 numbers: an error bar and ten reconstructions for each way to find weights."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from numpy.typing import NDArray

from dlbench.records import store
from dlbench.records.groups import Group, groups
from dlbench.report.panels import style
from dlbench.report.panels.style import block_to_show, figure, heading, nothing, quiet
from dlbench.studies.autoencoder import ERROR, OF_MEAN, beginnings

ROW = 0.56  # inches
KINDS: Final = {"pretrained": style.BLUE, "not pretrained": style.ORANGE, "components": style.GREY}
PUBLISHED: Final[dict[str, Any]] = {
    "marker": "D", "color": "white", "markeredgecolor": style.DARK, "markersize": 7, "linestyle": "",
}  # fmt: skip


def autoencoder(runs: pd.DataFrame, curves: pd.DataFrame) -> Figure:
    """One row a recipe, lowest error on top, with the published figure and the error of the mean image marked.

    Beside each bar stand reconstructions by the run of the first seed, where runs kept any, and on top the originals.
    curves: not looked at; every figure takes both frames.
    """
    found = [group for group in groups(runs.reset_index(drop=True)) if group.values(ERROR)]
    block = block_to_show(found)
    shown = sorted((group for group in found if (group.budget, group.device) == block), key=_error)
    pictures = _pictures(shown)
    drawn = figure(13.2 if pictures else 9.5, 1.9 + ROW * max(len(shown) + 1, 2))
    heading(drawn, "What a code of 30 numbers keeps of a digit", shown)
    axes, *beside = drawn.subplots(1, 2, width_ratios=(4.6, 5.6)) if pictures else [drawn.subplots()]
    quiet(axes)
    axes.grid(visible=False, axis="y")
    axes.set_xlabel("squared error of a test image, summed over its pixels (mean, sd over seeds)")
    if not shown:
        nothing(axes, "no run has finished")
        return drawn
    _bars(axes, shown)
    for panel in beside:
        _reconstructions(panel, pictures, len(shown))
        axes.set_ylim(panel.get_ylim())
    drawn.legend(handles=_keys(axes, shown), loc="outside lower center", ncols=5, frameon=False, fontsize=9)
    return drawn


def _bars(axes: Axes, shown: Sequence[Group]) -> None:
    for place, group in enumerate(shown):
        measure, published = group.measure(ERROR), group.published(ERROR)
        assert measure is not None  # for mypy: only groups with an error are shown
        spread = measure.sd if math.isfinite(measure.sd) else 0.0
        axes.barh(place, measure.mean, color=KINDS[_kind(group)], height=0.62)
        if spread:
            axes.errorbar(measure.mean, place, xerr=spread, color=style.DARK, capsize=3, linewidth=1.2)
        if published is not None:
            axes.plot(float(published.value), place, **PUBLISHED)
        axes.annotate(
            str(measure), (measure.mean + spread, place), xytext=(8, 0), textcoords="offset points", va="center",
            fontsize=9, bbox={"facecolor": "white", "edgecolor": "none", "pad": 1},
        )  # fmt: skip
    axes.set_yticks(range(len(shown)), [group.recipe + _variant(group) for group in shown])
    axes.set_ylim(len(shown) - 0.4, -0.6)
    axes.set_xlim(0, 1.35 * max(map(_error, shown)))


def _reconstructions(axes: Axes, pictures: Mapping[int, NDArray[np.float64]], rows: int) -> None:
    """Rows of images, dark ink on white, each at the height of its bar; the originals at -1."""
    axes.set_axis_off()
    count = max(map(len, pictures.values()))
    for place, images in pictures.items():
        strip = np.concatenate([image[0] for image in images], axis=1)
        axes.imshow(strip, cmap="gray_r", vmin=0, vmax=1, extent=(0, len(images), place + 0.47, place - 0.47))
    axes.text(-0.15, -1, "originals", ha="right", va="center", fontsize=10)
    axes.set_aspect("auto")
    axes.set_xlim(0, count)
    axes.set_ylim(rows - 0.45, -1.55)


def _pictures(shown: Sequence[Group]) -> dict[int, NDArray[np.float64]]:
    """What each group's first run kept, [n, 1, h, w] by its place from the top, and the originals at place -1."""
    paths = [Path(group.runs["path"].iloc[0]) for group in shown]
    kept = [store.pictures(path) for path in paths]
    found = {place: each["reconstructions"] for place, each in enumerate(kept) if "reconstructions" in each}
    originals = next((each["originals"] for each in kept if "originals" in each), None)
    return found if originals is None else {-1: originals, **found}


def _keys(axes: Axes, shown: Sequence[Group]) -> list[Patch | Line2D]:
    """The legend's entries; draws the mean image's line on the way, where it is known."""
    kinds = list(dict.fromkeys(map(_kind, shown)))
    keys: list[Patch | Line2D] = [Patch(color=KINDS[kind], label=kind) for kind in kinds]
    if any(group.published(ERROR) for group in shown):
        label = "published, full budget"
        keys.append(Line2D([], [], label=label, **PUBLISHED))
    of_mean = [value for group in shown for value in group.values(OF_MEAN)]
    if of_mean:
        axes.axvline(max(of_mean), color=style.VERMILION, linestyle="--", linewidth=1.2)
        keys.append(Line2D([], [], color=style.VERMILION, linestyle="--", label="always the mean image"))
    return keys


def _kind(group: Group) -> str:
    if beginnings(group) == "Boltzmann machines":
        return "pretrained"
    model = group.resolved.get("model", {})
    shallow = model.get("name") == "principal_subspace" or len(model.get("sizes", ())) == 2
    return "components" if shallow else "not pretrained"


def _variant(group: Group) -> str:
    return f"\n({group.variant})" if group.variant else ""


def _error(group: Group) -> float:
    values = group.values(ERROR)
    return sum(values) / len(values)
