"""The published ranking, the measured one, and the ratio between the two camps."""

from collections.abc import Callable
from typing import Any

import pandas as pd
import pytest
import studied

ilsvrc = studied.tables("ilsvrc")


Make = Callable[..., dict[str, Any]]


@pytest.fixture
def entries(run: Make) -> list[dict[str, Any]]:
    """Three entries; the nets with three seeds, the support vector machine with one."""
    net = {"tags": ("convolutional",), "test_examples": 10_000}
    return [
        *(
            run("cuda-convnet-cifar", s, test_error_percent=27.0 + s, test_top5_error_percent=2.0, **net)
            for s in range(3)
        ),
        run("hog-svm-cifar", 0, test_error_percent=46.0, test_top5_error_percent=8.0, test_examples=10_000),
        *(run("alexnet-cifar", s, test_error_percent=22.0 + s, test_top5_error_percent=1.0, **net) for s in range(3)),
    ]


def test_the_published_table_is_the_lectures() -> None:
    teams, *_ = ilsvrc(pd.DataFrame())
    assert [cell.value for cell in teams.frame["published_lecture_top5_error_percent"]] == [
        15.3,
        26.1,
        26.9,
        27.0,
        29.6,
        33.4,
    ]
    assert teams.frame["published_official_top5_error_percent"].iloc[0].value == 15.315
    assert teams.frame["convolutional"].tolist() == [True] + [False] * 5
    told = " ".join(teams.notes)
    assert "Nothing in this table was measured here." in told
    assert "INRIA/LEAR: mislabelled" in told
    assert "16.4" in told


def test_entries_are_ranked_by_mean_top1_error(entries: list[dict[str, Any]]) -> None:
    _, measured, _ = ilsvrc(pd.DataFrame(entries))
    assert measured.frame["recipe"].tolist() == ["alexnet-cifar", "cuda-convnet-cifar", "hog-svm-cifar"]
    assert measured.frame["rank"].tolist() == [1, 2, 3]
    assert measured.frame["convolutional"].tolist() == [True, True, False]
    assert str(measured.frame["test_error_percent"].iloc[0]) == "23.0 ± 1.0 (n=3)"


def test_the_ratio_stands_beside_the_published_one(entries: list[dict[str, Any]]) -> None:
    """23 / 46 = 0.5; Katz on 10,000 examples: exp(+-1.96 sqrt(0.77/2300 + 0.54/4600)) = 0.5 * 1.0426^(+-1)."""
    *_, ratios = ilsvrc(pd.DataFrame(entries))
    top1 = ratios.frame.iloc[0]
    assert (top1["error"], top1["best_convolutional"], top1["best_other"]) == (
        "top-1",
        "alexnet-cifar",
        "hog-svm-cifar",
    )
    assert top1["ratio"].value == 0.5
    assert (top1["ratio"].low, top1["ratio"].high) == pytest.approx((0.5 / 1.0426, 0.5 * 1.0426), abs=2e-4)
    assert top1["interval_from"] == "test set"
    assert top1["published_ratio"].value == pytest.approx(0.586, abs=5e-4)
    assert str(top1["published_ratio"]) == "0.586"
    assert ratios.frame["ratio"].iloc[1].value == 0.125


def test_the_interval_comes_from_seeds_where_both_have_several(entries: list[dict[str, Any]], run: Make) -> None:
    more = [run("hog-svm-cifar", seed, test_error_percent=46.0 + seed, test_examples=10_000) for seed in (1, 2)]
    *_, ratios = ilsvrc(pd.DataFrame(entries + more))
    top1 = ratios.frame.iloc[0]
    assert (top1["interval_from"], top1["ratio"].n) == ("seeds", 3)
    assert top1["ratio"].low < 23 / 47 < top1["ratio"].high


def test_without_seeds_or_size_of_the_test_set_there_is_no_interval(run: Make) -> None:
    runs = pd.DataFrame([run("a", test_error_percent=20.0, tags=("convolutional",)), run("b", test_error_percent=40.0)])
    *_, ratios = ilsvrc(runs)
    assert ratios.frame["ratio"].iloc[0].value == 0.5
    assert not ratios.frame["ratio"].iloc[0].has_interval
    assert "interval_from" not in ratios.frame


def test_features_that_were_learnt_are_a_camp_of_their_own(entries: list[dict[str, Any]], run: Make) -> None:
    learnt = run("kmeans", test_error_percent=25.0, recipe_json={"model": {"name": "kmeans_linear"}})
    *_, ratios = ilsvrc(pd.DataFrame([*entries, learnt]))
    top1 = ratios.frame[ratios.frame["error"] == "top-1"]
    assert top1["best_other"].tolist() == ["hog-svm-cifar", "kmeans"]
    assert [ratio.value for ratio in top1["ratio"]] == [0.5, 0.92]
    assert str(top1["published_ratio"].iloc[0]) == "0.586"
    assert pd.isna(top1["published_ratio"].iloc[1])


def test_fisher_vectors_are_made_by_hand(entries: list[dict[str, Any]], run: Make) -> None:
    fisher = run("fisher", test_error_percent=25.0, recipe_json={"model": {"name": "fisher_linear"}})
    *_, ratios = ilsvrc(pd.DataFrame([*entries, fisher]))
    top1 = ratios.frame[ratios.frame["error"] == "top-1"]
    assert top1["best_other"].tolist() == ["fisher"]
    assert top1["ratio"].iloc[0].value == 0.92


def test_one_camp_alone_gives_no_ratio(entries: list[dict[str, Any]]) -> None:
    assert len(ilsvrc(pd.DataFrame(entries[:3]))) == 2


def test_budgets_are_ranked_apart(entries: list[dict[str, Any]]) -> None:
    full = [entry | {"budget": "full", "test_error_percent": 5.0} for entry in entries[:1]]
    _, measured, ratios = ilsvrc(pd.DataFrame(entries + full))
    assert measured.frame[["budget", "rank"]].to_numpy().tolist() == [
        ["short", 1],
        ["short", 2],
        ["short", 3],
        ["full", 1],
    ]
    assert set(ratios.frame["budget"]) == {"short"}
