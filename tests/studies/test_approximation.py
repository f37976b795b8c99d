"""Errors by units, and straight pieces."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pandas as pd
import pytest
import studied

from dlbench.records.groups import groups
from dlbench.studies.approximation import small, units

approximation = studied.tables("approximation")

Make = Callable[..., dict[str, Any]]


def close(run: Make, seed: int, error: float, activation: str = "logistic") -> dict[str, Any]:
    model = {"name": "mlp", "sizes": [1, 64, 1], "activation": activation}
    recipe_json = run()["recipe_json"] | {"model": model, "training": {"name": "least_squares"}}
    scores = {"test_sup_error": error, "test_mean_squared_error": error**2, "test_barron_bound": 2.5}
    return run(f"wave-{activation}-64", seed, recipe_json=recipe_json, **scores)


def folded(run: Make, model: dict[str, Any], recipe: str, pieces: float) -> dict[str, Any]:
    recipe_json = run()["recipe_json"] | {"model": model}
    published = {"train_pieces": 128}
    return run(recipe, 0, recipe_json=recipe_json, train_pieces=pieces, train_error_percent=0.0, published=published)


def test_small_errors_keep_their_digits_and_polynomials_have_no_bound(run: Make) -> None:
    runs = [
        close(run, seed, error, activation)
        for activation in ("logistic", "cubic")
        for seed, error in enumerate((1e-4, 3e-4))
    ]
    errors, pieces = approximation(pd.DataFrame(runs))
    one, other = errors.frame.to_dict("records")
    assert (one["units"], one["fit"], one["sup_error"]) == (64, "least squares", "2.0e-04 ± 1e-04 (n=2)")
    assert (one["barron_bound"], other["barron_bound"]) == (2.5, None)
    assert pieces.frame.empty


@pytest.mark.parametrize(
    ("model", "count"),
    [
        ({"sizes": [1, 14, 1]}, 14),
        ({"k": 7}, 14),
        ({"k": 7, "form": "deep"}, 14),
        ({"k": 7, "form": "shallow"}, 128),
    ],
)
def test_units_as_the_recipe_has_them(run: Make, model: dict[str, Any], count: int) -> None:
    (group,) = groups(pd.DataFrame([folded(run, model, "sawtooth-deep", 128.0)]))
    assert units(group) == count
    row = approximation(pd.DataFrame(group.runs))[1].frame.iloc[0]
    assert (row["pieces"].mean, row["published_pieces"].value) == (128.0, 128)


def test_one_seed_has_no_spread() -> None:
    assert small([0.25]) == "2.5e-01 (n=1)"
