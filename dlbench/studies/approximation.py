"""How close one hidden layer comes with so many units, and how many straight pieces nets are made of."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import pandas as pd

from dlbench.records.groups import Group, groups
from dlbench.report.notes import footnotes
from dlbench.report.table import Table
from dlbench.stats.estimates import mean, sd

KEYS = ("recipe", "variant", "budget", "device")
FITS = {"least_squares": "least squares", "sgd": "gradient descent"}  # names in a recipe, and in words
CLOSE = (
    "Sup error: the largest deviation on the test's grid; functions are between -1 and 1. Mean ± sd over seeds.",
    "Barron's bound on the mean squared error, (2 r C)^2 / n, is for the best net of n sigmoidal units (Barron 1993, "
    "theorem 1); a polynomial activation has none.",
)
FOLDED = (
    "Pieces and peaks of the output over [0, 1], counted bend by bend.",
    "A shallow net of n units has n + 1 pieces at most.",
)


def approximation(runs: pd.DataFrame) -> list[Table]:
    """One table of errors by units, one of straight pieces."""
    runs = runs.reset_index(drop=True)
    found = groups(runs)
    return [
        _table(runs, [group for group in found if is_close(group)], "Errors of one hidden layer", _errors, CLOSE),
        _table(runs, [group for group in found if is_folded(group)], "Deep and shallow sawteeth", _pieces, FOLDED),
    ]


def is_close(group: Group) -> bool:
    """Whether these runs approximate a function."""
    return bool(group.values("test_sup_error"))


def is_folded(group: Group) -> bool:
    """Whether these runs count straight pieces."""
    return bool(group.values("train_pieces"))


def units(group: Group) -> int:
    """Hidden units, as the recipe has them."""
    model = group.resolved["model"]
    if "sizes" in model:
        return int(sum(model["sizes"][1:-1]))
    return int(2 * model["k"] if model.get("form", "deep") == "deep" else 2 ** model["k"])


def small(values: Sequence[float]) -> str:
    """Mean and sd of numbers that may be far below one: `2.0e-04 ± 7e-05 (n=10)`."""
    spread = f" ± {sd(values):.0e}" if len(values) > 1 else ""
    return f"{mean(values):.1e}{spread} (n={len(values)})"


def _table(
    runs: pd.DataFrame, found: list[Group], title: str, row: Callable[[Group], dict[str, Any]], notes: Sequence[str]
) -> Table:
    several = len({group.device for group in found}) > 1
    rows = [
        {
            "recipe": group.recipe,
            "variant": group.variant,
            "budget": group.budget,
            "device": group.device if several else None,
            "units": units(group),
        }
        | row(group)
        for group in found
    ]
    own = runs[runs["recipe"].isin({group.recipe for group in found})]
    return Table.of(title, rows, [*notes, *footnotes(own, found, rows)], KEYS)


def _errors(group: Group) -> dict[str, Any]:
    model, training = group.resolved["model"], group.resolved["training"]
    bounds = group.values("test_barron_bound") if model.get("activation") == "logistic" else []
    return {
        "activation": model.get("activation"),
        "fit": FITS.get(training["name"], training["name"]),
        "sup_error": small(group.values("test_sup_error")),
        "mean_squared_error": small(group.values("test_mean_squared_error")),
        "barron_bound": bounds[0] if bounds else None,
        "lr": training.get("lr"),
    }


def _pieces(group: Group) -> dict[str, Any]:
    return {
        "parameters": group.constant("parameters"),
        "pieces": group.measure("train_pieces"),
        "published_pieces": group.published("train_pieces"),
        "peaks": group.measure("train_peaks"),
        "error_percent": group.measure("train_error_percent"),
        "published_error_percent": group.published("train_error_percent"),
    }
