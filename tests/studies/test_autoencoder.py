"""The table of reconstructions."""

from collections.abc import Callable
from typing import Any

import pandas as pd
import pytest
import studied

autoencoder = studied.tables("autoencoder")


Make = Callable[..., dict[str, Any]]


@pytest.fixture
def arms(run: Make) -> list[dict[str, Any]]:
    """Two seeds of a pretrained net and of one that was not, and principal components."""
    rules = {
        "deep": {"model": {"init_std": 0.1}, "training": {"name": "contrastive_divergence"}},
        "random": {"model": {"init_std": 0.01}, "training": {"name": "conjugate_gradient"}},
        "glorot": {"model": {"init": "glorot"}, "training": {"name": "adam"}},
        "pca": {"model": {"name": "principal_subspace"}, "training": {"name": "pca"}},
    }
    errors = {"deep": 10.0, "random": 50.0, "glorot": 20.0, "pca": 14.0}
    return [
        run(
            name,
            seed,
            recipe_json={"source": "a paper", "data": {"name": "reconstruction"}} | rules[name],
            published={"test_squared_error": 3.0} if name == "deep" else {},
            test_squared_error=errors[name] + seed,
            test_squared_error_of_mean=50.0 + 2 * seed,
            train_squared_error=errors[name] - 1,
        )
        for name in rules
        for seed in (0, 1)
    ]


def test_errors_stand_beside_the_published_ones(arms: list[dict[str, Any]]) -> None:
    (table,) = autoencoder(pd.DataFrame(arms))
    rows = {row["recipe"]: row for row in table.frame.to_dict("records")}
    assert str(rows["deep"]["test_squared_error"]) == "10.5 ± 0.7 (n=2)"
    assert rows["deep"]["published_test_squared_error"].value == 3.0
    assert rows["random"]["published_test_squared_error"] is None
    assert any("'published', from a paper" in note for note in table.notes)


def test_a_share_of_the_mean_images_error_is_paired_by_seed(arms: list[dict[str, Any]]) -> None:
    """50 / 50 and 51 / 52."""
    (table,) = autoencoder(pd.DataFrame(arms))
    share = table.frame.set_index("recipe").loc["random", "of_mean_percent"]
    assert share.mean == pytest.approx((100 + 100 * 51 / 52) / 2)


def test_where_the_weights_come_from(arms: list[dict[str, Any]]) -> None:
    (table,) = autoencoder(pd.DataFrame(arms))
    told = dict(zip(table.frame["recipe"], table.frame["initial_weights"], strict=True))
    assert told == {"deep": "Boltzmann machines", "random": "N(0, 0.01²)", "glorot": "Glorot's", "pca": "eigenvectors"}


def test_other_recipes_are_left_out(run: Make) -> None:
    (table,) = autoencoder(pd.DataFrame([run("resnet-20", test_error_percent=9.0)]))
    assert table.frame.empty
