"""Figures of fixed and learnt features: bars, layers, and errors by training-set size."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import studied
import torch
from matplotlib.colors import to_hex
from matplotlib.figure import Figure
from matplotlib.text import Text

from dlbench.records.events import Pictures
from dlbench.report.panels import style

end_to_end = studied.figure("end_to_end")
ilsvrc = studied.figure("ilsvrc")

NO_CURVES = pd.DataFrame()


def a_run(recipe: str, seed: int, model: str, rule: str = "linear_svm", **columns: Any) -> dict[str, Any]:
    score = {"name": "linear_probes", "layers": ["pool1", "pool3"]}
    parts = {"data": {"name": "cifar10"}, "model": {"name": model}, "training": {"name": rule}, "score": score}
    run = {
        "recipe": recipe, "budget": "short", "seed": seed, "status": "finished", "device": "cpu",
        "machine": "Xeon, 2 cores, 8 GiB", "fingerprint": "1a2b", "precision": "fp32", "recipe_digest": recipe,
        "started": "2026", "published": {}, "tags": (), "message": "", "recipe_json": parts,
        "train_examples": 10_000, "path": f"{recipe}/short-seed{seed}.jsonl",
    }  # fmt: skip
    return run | columns


def words(figure: Figure) -> str:
    return "\n".join(text.get_text() for text in figure.findobj(Text))


@pytest.fixture
def features() -> pd.DataFrame:
    def probes(first: float, last: float) -> dict[str, float]:
        return {"test_pool1_probe_error_percent": first, "test_pool3_probe_error_percent": last}

    made = []
    for seed in (0, 1):
        made.append(a_run("hog", seed, "hog_linear", test_error_percent=45.0 + seed))
        made.append(a_run("drawn", seed, "cuda_convnet", "no_learning", test_error_percent=90.0, **probes(62, 58)))
        made.append(a_run("learnt", seed, "cuda_convnet", "sgd", test_error_percent=35.0, **probes(55, 36)))
    return pd.DataFrame(made)


def test_end_to_end_ranks_features_and_follows_the_layers(features: pd.DataFrame) -> None:
    left, right = end_to_end(features, NO_CURVES).axes
    assert [bar.get_width() for bar in left.patches] == [58.0, 45.5, 36.0, 35.0]
    assert [to_hex(bar.get_facecolor()) for bar in left.patches] == [style.GREY] * 3 + [style.BLUE.lower()]
    assert [label.get_text() for label in right.get_xticklabels()] == ["pool1", "pool3"]
    drawn = {
        container.get_label(): [float(y) for y in container.lines[0].get_ydata()] for container in right.containers
    }
    assert drawn == {"weights as drawn at random": [62.0, 58.0], "weights learnt end to end": [55.0, 36.0]}


def test_end_to_end_shows_the_maps_that_the_learnt_net_kept(features: pd.DataFrame, tmp_path: Path) -> None:
    kept = Pictures.of({"input": torch.rand(3, 8, 8), "conv1": torch.rand(8, 8, 8)}).pictures
    file = tmp_path / "run.jsonl"
    file.write_text(
        json.dumps({"event": "start", "schema": 1}) + "\n" + json.dumps({"event": "pictures", "pictures": kept})
    )
    features.loc[features["recipe"] == "learnt", "path"] = str(file)
    *_, image, maps = end_to_end(features, NO_CURVES).axes
    assert (image.get_title(), maps.get_title()) == ("a test image", "maps of conv1")
    (picture,), (mosaic,) = image.images, maps.images
    assert picture.get_array().shape == (8, 8, 3)
    assert mosaic.get_array().shape == (2 * 8 + 1, 4 * 8 + 3, 3)


def test_end_to_end_says_what_is_missing(features: pd.DataFrame) -> None:
    told = words(end_to_end(features[features["recipe"] == "hog"], NO_CURVES))
    assert "45.5 ± 0.7 (n=2)" in told
    assert "no net has been probed" in told
    nothing = words(end_to_end(pd.DataFrame(), NO_CURVES))
    assert "nothing measured yet" in nothing
    assert "no run has finished" in nothing


def test_ilsvrc_draws_a_line_a_family_where_sizes_differ() -> None:
    runs = [
        a_run(f"{name}-{size}", 0, model, test_error_percent=error, train_examples=size, tags=tags)
        for name, model, tags, errors in (
            ("hog", "hog_linear", (), {1000: 54.0, 4000: 48.0}),
            ("net", "cuda_convnet", ("convolutional",), {1000: 58.0, 4000: 45.0}),
        )
        for size, error in errors.items()
    ]
    _, ranked, by_size = ilsvrc(pd.DataFrame(runs), NO_CURVES).axes
    assert [bar.get_width() for bar in ranked.patches] == [45.0, 48.0], "only what learnt from most examples is ranked"
    drawn = {
        container.get_label(): (to_hex(container.lines[0].get_color()), container.lines[0].get_ydata().tolist())
        for container in by_size.containers
    }
    assert drawn == {"hog-4000": (style.GREY, [54.0, 48.0]), "net-4000": (style.BLUE.lower(), [58.0, 45.0])}
    assert [label.get_text() for label in by_size.get_xticklabels()] == ["1,000", "4,000"]
