"""What is lost when images pass through a code of 30 numbers, by where the weights came from and how they learnt."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

from dlbench.records.groups import Group, Runs
from dlbench.report import columns
from dlbench.report.panels import bars, pictures, style
from dlbench.report.table import Table
from dlbench.stats.estimates import Measure

if TYPE_CHECKING:
    from matplotlib.artist import Artist
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

ERROR, OF_MEAN = "test_squared_error", "test_squared_error_of_mean"
NOTES = (
    "Squared error: summed over the pixels of an image, which lie in [0, 1], and averaged over images.",
    "Of mean: the error in per cent of what always answering with the mean training image would leave.",
)
KINDS: Final = {"pretrained": style.BLUE, "not pretrained": style.ORANGE, "components": style.GREY}


def tables(runs: Runs) -> list[Table]:
    """One row a recipe: the squared error of its reconstructions beside the published one."""
    groups = [group for group in runs.groups if group.values(ERROR)]
    cells: columns.Columns = [
        *columns.NAMED, ("initial_weights", beginnings), ERROR, f"published_{ERROR}", "train_squared_error",
        ("of_mean_percent", of_mean_percent), "parameters", "train_examples",
    ]  # fmt: skip
    return [columns.table("Squared error of reconstructions", runs, groups, cells, NOTES)]


def figure(runs: Runs) -> Figure:
    """One row a recipe, lowest error on top; beside it reconstructions by the run of the first seed, where kept."""
    groups = sorted((group for group in runs.groups if group.values(ERROR)), key=_error)
    images = _pictures(groups)
    drawn = style.figure(
        "What a code of 30 numbers keeps of a digit",
        groups,
        13.2 if images else 9.5,
        1.9 + 0.56 * max(len(groups) + 1, 2),
    )
    axes, *beside = drawn.subplots(1, 2, width_ratios=(4.6, 5.6)) if images else [drawn.subplots()]
    ranked = [bar for group in groups for bar in bars.of_group(group, ERROR, colour=KINDS[_kind(group)])]
    bars.ranked(axes, ranked, "squared error of a test image, summed over its pixels (mean, sd over seeds)")
    for panel in beside:
        _reconstructions(panel, images, len(groups))
        axes.set_ylim(panel.get_ylim())
    if groups:
        style.legend(drawn, _keys(axes, groups))
    return drawn


def of_mean_percent(group: Group) -> Measure | None:
    """The test error as a share of the mean image's, paired by seed."""
    errors, means = group.by_seed(ERROR), group.by_seed(OF_MEAN)
    shares = [100 * errors[seed] / means[seed] for seed in errors.keys() & means.keys()]
    return Measure.of(shares) if shares else None


def beginnings(group: Group) -> str:
    """Where the weights come from, in words."""
    rule = group.setting("training", "name")
    if rule in ("pca", "contrastive_divergence"):
        return "eigenvectors" if rule == "pca" else "Boltzmann machines"
    return (
        "Glorot's"
        if group.setting("model", "init") == "glorot"
        else f"N(0, {group.setting('model', 'init_std', 0.1)}²)"
    )


def _kind(group: Group) -> str:
    if beginnings(group) == "Boltzmann machines":
        return "pretrained"
    shallow = group.setting("model", "name") == "principal_subspace" or len(group.setting("model", "sizes", ())) == 2
    return "components" if shallow else "not pretrained"


def _error(group: Group) -> float:
    return Measure.of(group.values(ERROR)).mean


def _pictures(groups: Sequence[Group]) -> dict[int, NDArray[np.float64]]:
    """The images [n, 1, h, w] that each group's first run kept, by row from the top; the originals in row -1."""
    images_by_group = [pictures.kept(group) for group in groups]
    reconstructions = {
        row: images["reconstructions"] for row, images in enumerate(images_by_group) if "reconstructions" in images
    }
    originals = next((images["originals"] for images in images_by_group if "originals" in images), None)
    return reconstructions if originals is None else {-1: originals, **reconstructions}


def _reconstructions(axes: Axes, images_by_row: Mapping[int, NDArray[np.float64]], count: int) -> None:
    """Rows of images, dark ink on white, each at the height of its bar; the originals in row -1."""
    axes.set_axis_off()
    for row, images in images_by_row.items():
        strip = np.concatenate([image[0] for image in images], axis=1)
        axes.imshow(strip, cmap="gray_r", vmin=0, vmax=1, extent=(0, len(images), row + 0.47, row - 0.47))
    axes.text(-0.15, -1, "originals", ha="right", va="center", fontsize=10)
    axes.set_aspect("auto")
    axes.set_xlim(0, max(map(len, images_by_row.values())))
    axes.set_ylim(count - 0.45, -1.55)


def _keys(axes: Axes, groups: Sequence[Group]) -> list[Artist]:
    """The legend's entries; draws the mean image's line on the way, where it is known."""
    keys = [style.key(kind, KINDS[kind]) for kind in dict.fromkeys(map(_kind, groups))]
    if any(group.published(ERROR) for group in groups):
        keys.append(bars.published_key("published, full budget"))
    if of_mean := [value for group in groups for value in group.values(OF_MEAN)]:
        axes.axvline(max(of_mean), color=style.VERMILION, linestyle="--", linewidth=1.2)
        keys.append(style.key("always the mean image", style.VERMILION, "--", 1.2))
    return keys
