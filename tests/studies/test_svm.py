"""The table of classifiers: shuffled runs stand beside their twins, and degrees in a table of their own."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pandas as pd
import pytest
import studied

from dlbench.records.groups import groups
from dlbench.studies.svm import degree, published_by_degree, shuffled

svm = studied.tables("svm")

Make = Callable[..., dict[str, Any]]


@pytest.fixture
def frame(run: Make) -> pd.DataFrame:
    def of(recipe: str, seed: int, error: float, digest: str = "", **parts: Any) -> dict[str, Any]:
        resolved = {
            "source": "a paper", "data": {"name": "mnist"}, "model": {"name": "mlp"}, "training": {"name": "sgd"},
        } | parts  # fmt: skip
        digest = digest or recipe
        return run(recipe, seed, test_error_percent=error, recipe_json=resolved, recipe_digest=digest)

    poly = {"name": "support_vectors", "kernel": "polynomial"}
    small = {"name": "mnist", "size": 16}
    return pd.DataFrame([
        *[of("mlp-300", seed, 4.0 + seed) for seed in (0, 1)],
        *[of("mlp-300-permuted", seed, 6.0, data={"name": "mnist", "permute_pixels": 0}) for seed in (0, 1)],
        of("svm-poly", 0, 3.0, model=poly | {"degree": 4}),
        *[of("svm-1995", 0, 9.0 - d, f"d{d}", data=small, model=poly | {"degree": d}) for d in (2, 1)],
        of("orphan-permuted", 0, 7.0, data={"name": "mnist", "permute_pixels": 1}, model={"name": "resnet"}),
    ])  # fmt: skip


def test_shuffled_runs_stand_beside_those_that_are_alike_but_for_it(frame: pd.DataFrame) -> None:
    found = groups(frame)
    assert {plain.recipe: twin.recipe for plain, twin in shuffled(found).items()} == {"mlp-300": "mlp-300-permuted"}
    table, _ = svm(frame)
    assert table.frame["recipe"].tolist() == ["mlp-300", "svm-poly", "orphan-permuted"]
    assert table.frame["test_error_percent"].map(lambda m: m.mean).tolist() == [4.5, 3.0, 7.0]
    assert table.frame["shuffled_test_error_percent"].iloc[0].mean == 6.0
    assert table.frame["shuffled_test_error_percent"].iloc[1] is None


def test_degrees_are_in_order_with_the_published_ones_beside(frame: pd.DataFrame) -> None:
    assert {group.recipe: degree(group) for group in groups(frame)}["svm-poly"] == 4
    _, degrees = svm(frame)
    assert degrees.frame["degree"].tolist() == [1, 2]
    assert degrees.frame["test_error_percent"].map(lambda m: m.mean).tolist() == [8.0, 7.0]
    assert degrees.frame["published_test_error_percent"].map(lambda q: q.value).tolist() == [12.0, 4.7]


def test_published_degrees() -> None:
    """Cortes and Vapnik 1995, Table 2."""
    assert [quoted.value for quoted in published_by_degree().values()] == [12.0, 4.7, 4.4, 4.3, 4.3, 4.2, 4.3]


def test_without_small_digits_there_is_one_table(frame: pd.DataFrame) -> None:
    assert len(svm(frame[frame["recipe"] == "mlp-300"])) == 1
