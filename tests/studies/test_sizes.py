"""Families of one model by the number of training examples, and where they cross."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pandas as pd
import pytest
import studied

from dlbench.records.groups import groups
from dlbench.report.families import Family, crossings, families, overtakes, rows
from dlbench.studies.ilsvrc import ranked

ilsvrc = studied.tables("ilsvrc")

Make = Callable[..., dict[str, Any]]
Grow = Callable[..., list[dict[str, Any]]]


@pytest.fixture
def grown(run: Make) -> Grow:
    """Makes runs of one model, by size; the biggest has the bare name."""

    def make(model: str, errors: dict[int, float], seeds: int = 2, **columns: Any) -> list[dict[str, Any]]:
        parts = {"data": {"name": "cifar10"}, "model": {"name": model}, "training": {"name": "sgd"}}
        return [
            run(
                model if size == max(errors) else f"{model}-{size}", seed,
                test_error_percent=error + seed - (seeds - 1) / 2, train_examples=size, recipe_json=parts, **columns,
            )
            for size, error in errors.items() for seed in range(seeds)
        ]  # fmt: skip

    return make


@pytest.fixture
def crossing(grown: Grow) -> pd.DataFrame:
    """The net 10 points behind at 1,000 examples, level at 10,000 on the logarithm's scale, 10 ahead at 100,000."""
    return pd.DataFrame(
        grown("hog", {1000: 50.0, 100_000: 40.0}) + grown("net", {1000: 60.0, 100_000: 30.0}, tags=("convolutional",))
    )


def test_a_family_is_one_model_smallest_first(crossing: pd.DataFrame) -> None:
    hog, net = families(groups(crossing.sample(frac=1, random_state=0)))
    found = {family.name: family for family in (hog, net)}
    assert {name: list(family.errors()) for name, family in found.items()} == {
        "hog": [1000, 100_000],
        "net": [1000, 100_000],
    }
    assert found["net"].convolutional
    assert not found["hog"].convolutional
    assert str(found["net"].errors()[1000]) == "60.0 ± 0.7 (n=2)"


def test_one_size_is_no_family(grown: Grow) -> None:
    assert families(groups(pd.DataFrame(grown("hog", {1000: 50.0})))) == []


def test_the_crossing_lies_where_the_lines_meet(crossing: pd.DataFrame) -> None:
    found = crossings(families(groups(crossing)))
    assert [(row["features"], row["net"], row["crossing_train_examples"]) for row in found] == [("hog", "net", 10_000)]
    assert found[0]["finding"] == "the net ahead from about 10,000 examples on"


@pytest.mark.parametrize(
    ("net", "finding"),
    [
        ({1000: 60.0, 4000: 50.0}, "no crossing; the features ahead with 4,000 examples"),
        ({1000: 40.0, 4000: 30.0}, "no crossing; the net ahead with 4,000 examples"),
    ],
)
def test_without_a_crossing_it_says_who_is_ahead(grown: Grow, net: dict[int, float], finding: str) -> None:
    runs = pd.DataFrame(grown("hog", {1000: 50.0, 4000: 45.0}) + grown("net", net, tags=("convolutional",)))
    (row,) = crossings(families(groups(runs)))
    assert row["crossing_train_examples"] is None
    assert row["finding"] == finding


def test_only_sizes_that_both_have_are_compared(grown: Grow) -> None:
    runs = pd.DataFrame(
        grown("hog", {1000: 50.0, 4000: 45.0, 64_000: 40.0})
        + grown("net", {1000: 55.0, 2000: 20.0, 4000: 40.0}, tags=("convolutional",))
    )
    by_name: dict[str, Family] = {family.name: family for family in families(groups(runs))}
    assert overtakes(by_name["hog"], by_name["net"]) == pytest.approx(2000)


def test_budgets_do_not_mix(grown: Grow) -> None:
    runs = pd.DataFrame(
        grown("hog", {1000: 50.0, 4000: 45.0})
        + grown("net", {1000: 55.0, 4000: 40.0}, tags=("convolutional",), budget="full")
    )
    assert crossings(families(groups(runs))) == []


def test_rows_hold_each_size_of_each_family(crossing: pd.DataFrame) -> None:
    found = rows(families(groups(crossing)))
    assert [(row["model"], row["train_examples"], row["test_error_percent"].mean) for row in found] == [
        ("hog", 1000, 50.0),
        ("hog", 100_000, 40.0),
        ("net", 1000, 60.0),
        ("net", 100_000, 30.0),
    ]


def test_ilsvrc_ranks_the_largest_and_shows_all_sizes(crossing: pd.DataFrame) -> None:
    assert [(group.recipe, rank) for group, rank in ranked(groups(crossing)).items()] == [("net", 1), ("hog", 2)]
    _, measured, ratio, by_size, cross = ilsvrc(crossing)
    assert measured.frame["recipe"].tolist() == ["net", "hog"]
    assert ratio.frame["ratio"].iloc[0].value == pytest.approx(0.75)
    assert len(by_size.frame) == 4
    assert cross.frame["crossing_train_examples"].tolist() == [10_000]
