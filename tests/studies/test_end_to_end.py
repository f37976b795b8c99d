"""Which features did how well, and what each layer is worth."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pandas as pd
import pytest
import studied

end_to_end = studied.tables("end_to_end")


Make = Callable[..., dict[str, Any]]
SCORE = {"name": "linear_probes", "layers": ["pool1", "pool3"]}


@pytest.fixture
def runs(run: Make) -> pd.DataFrame:
    """Two seeds each of pixels, HOG, k-means, a net as drawn, and the net learnt."""

    def parts(model: str, rule: str, **more: Any) -> dict[str, Any]:
        return {"data": {"name": "cifar10"}, "model": {"name": model}, "training": {"name": rule}, **more}

    made = []
    for seed in (0, 1):
        for model, error in {"pixels_linear": 60.0, "hog_linear": 45.0, "kmeans_linear": 40.0}.items():
            made.append(run(model, seed, test_error_percent=error + seed, recipe_json=parts(model, "linear_svm")))
        for rule, own, probes in (("no_learning", 90.0, (62.0, 58.0)), ("sgd", 35.0, (55.0, 36.0))):
            found = dict(zip(("test_pool1_probe_error_percent", "test_pool3_probe_error_percent"), probes, strict=True))
            recipe_json = parts("cuda_convnet", rule, score=SCORE)
            made.append(run(rule, seed, test_error_percent=own, recipe_json=recipe_json, **found))
    return pd.DataFrame(made)


def test_ways_are_ranked_and_a_net_that_learnt_nothing_counts_by_its_maps(runs: pd.DataFrame) -> None:
    ways, _ = end_to_end(runs)
    assert [(row.features, row.classifier, row.test_error_percent.mean) for row in ways.frame.itertuples()] == [
        ("none: raw pixels", "linear SVM", 60.5),
        ("random convolutions", "linear SVM on pool3", 58.0),
        ("made by hand (HOG)", "linear SVM", 45.5),
        ("learnt without labels (k-means)", "linear SVM", 40.5),
        ("learnt with a classifier", "linear SVM on pool3", 36.0),
        ("learnt end to end", "its own classifier", 35.0),
    ]
    assert "short budget, seeds 0-1" in " ".join(ways.notes)


def test_layers_stand_in_the_order_of_the_net(runs: pd.DataFrame) -> None:
    _, layers = end_to_end(runs)
    assert [(row.weights, row.layer, row.test_error_percent.mean) for row in layers.frame.itertuples()] == [
        ("as drawn", "pool1", 62.0),
        ("as drawn", "pool3", 58.0),
        ("learnt", "pool1", 55.0),
        ("learnt", "pool3", 36.0),
    ]


def test_budgets_stand_apart(runs: pd.DataFrame) -> None:
    full = runs[runs["recipe"] == "hog_linear"].assign(budget="full", test_error_percent=99.0)
    ways, _ = end_to_end(pd.concat([runs, full]))
    assert ways.frame["budget"].tolist() == ["short"] * 6 + ["full"]


def test_without_probes_there_is_one_table(runs: pd.DataFrame) -> None:
    (ways,) = end_to_end(runs[runs["recipe"].isin(["hog_linear", "kmeans_linear"])])
    assert len(ways.frame) == 2


def test_nothing_measured() -> None:
    (ways,) = end_to_end(pd.DataFrame())
    assert ways.frame.empty
    assert "Nothing measured here yet" in " ".join(ways.notes)
