"""The figure of reconstruction errors."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import studied
import torch
from matplotlib.colors import to_hex
from matplotlib.figure import Figure
from matplotlib.text import Text

from dlbench.records.events import Pictures, line
from dlbench.report.panels import style

autoencoder = studied.figure("autoencoder")


def a_run(recipe: str, seed: int, error: float, **parts: Any) -> dict[str, Any]:
    return {
        "recipe": recipe, "budget": "short", "seed": seed, "status": "finished", "device": "cpu", "precision": "fp32",
        "machine": "Xeon, 2 cores, 8 GiB", "fingerprint": "1a2b", "recipe_digest": recipe, "started": "2026",
        "published": {"test_squared_error": 3.0} if recipe == "deep" else {}, "tags": (), "message": "",
        "recipe_json": {"data": {}, "model": {}, "training": {}} | parts, "path": f"{recipe}/short-seed{seed}.jsonl",
        "test_squared_error": error + seed, "test_squared_error_of_mean": 50.0,
    }  # fmt: skip


def words(figure: Figure) -> str:
    return "\n".join(text.get_text() for text in figure.findobj(Text))


def test_bars_from_best_to_worst_and_the_mean_image() -> None:
    runs = [a_run("random", seed, 49.0) for seed in (0, 1, 2)]
    runs += [a_run("deep", seed, 10.0, training={"name": "contrastive_divergence"}) for seed in (0, 1, 2)]
    runs += [a_run("pca", 0, 14.0, model={"name": "principal_subspace"})]
    (axes,) = (figure := autoencoder(pd.DataFrame(runs), pd.DataFrame())).axes
    assert [label.get_text() for label in axes.get_yticklabels()] == ["deep", "pca", "random"]
    assert [bar.get_width() for bar in axes.patches] == [11.0, 14.0, 50.0]
    kinds = [style.BLUE, style.GREY, style.ORANGE]
    assert [to_hex(bar.get_facecolor()) for bar in axes.patches] == [kind.lower() for kind in kinds]
    assert [50.0, 50.0] in [list(line.get_xdata()) for line in axes.lines], "the mean image's error"
    assert [3.0] in [list(line.get_xdata()) for line in axes.lines if line.get_marker() == "D"], "the published one"
    assert "11.0 ± 1.0 (n=3)" in words(figure)
    assert {text.get_text() for text in figure.legends[0].texts} == {
        "pretrained", "not pretrained", "components", "published, full budget", "always the mean image",
    }  # fmt: skip


def test_reconstructions_stand_beside_their_bars(tmp_path: Path) -> None:
    """White paper and black ink, the originals above all bars."""
    runs = [a_run("deep", 0, 10.0, training={"name": "contrastive_divergence"}), a_run("random", 0, 49.0)]
    for shade, run in zip((0.2, 0.6), runs, strict=True):
        pictures = {"originals": torch.ones(3, 1, 4, 4), "reconstructions": torch.full((3, 1, 4, 4), shade)}
        run["path"] = str(tmp_path / f"{run['recipe']}.jsonl")
        Path(run["path"]).write_text(line(Pictures.of(pictures)))
    bars, panel = autoencoder(pd.DataFrame(runs), pd.DataFrame()).axes
    drawn = {round(image.get_extent()[2]): np.asarray(image.get_array()) for image in panel.images}
    assert {place: (strip.shape, round(float(strip.mean()), 6)) for place, strip in drawn.items()} == {
        -1: ((4, 12), 1.0), 0: ((4, 12), 0.2), 1: ((4, 12), 0.6),
    }  # fmt: skip
    assert bars.get_ylim() == panel.get_ylim(), "each strip at the height of its bar"
    assert all(image.get_cmap().name == "gray_r" for image in panel.images)


def test_nothing_measured_is_said() -> None:
    figure = autoencoder(pd.DataFrame([a_run("deep", 0, 10.0) | {"status": "failed"}]), pd.DataFrame())
    assert "no run has finished" in words(figure)
