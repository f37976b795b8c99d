"""The table of the digit nets: what is refused, what is left, and what is quoted."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pandas as pd
import studied

from dlbench.records.groups import groups
from dlbench.studies.digits_1989 import curve

digits_1989 = studied.tables("digits_1989")

Make = Callable[..., dict[str, Any]]


def a_frame(run: Make) -> pd.DataFrame:
    def net(recipe: str, seed: int, error: float, rejected: float, **columns: Any) -> dict[str, Any]:
        return run(
            recipe, seed, test_error_percent=error, test_rejected_percent=rejected, test_examples=2007,
            test_rejecting_5_error_percent=error - 2, test_rejecting_20_error_percent=1.0, **columns,
        )  # fmt: skip

    figures = {"test_error_percent": 5.0, "test_rejected_percent": 12.1}
    rows = [net("lecun-1989", seed, 4.0 + seed, 10.0 + seed, published=figures, parameters=9760) for seed in (0, 2)]
    return pd.DataFrame([*rows, net("lecun-1989-full", 0, 8.0, 30.0, parameters=10_690), run("lenet-mnist")])


def test_a_row_a_net_with_the_published_figures_beside(run: Make) -> None:
    nets, left = digits_1989(a_frame(run))
    assert nets.frame["recipe"].tolist() == ["lecun-1989", "lecun-1989-full"]
    first = nets.frame.iloc[0]
    assert (first["test_error_percent"].mean, first["test_rejected_percent"].mean) == (5.0, 11.0)
    assert (first["published_test_error_percent"].value, first["published_test_rejected_percent"].value) == (5.0, 12.1)
    assert nets.frame["parameters"].tolist() == [9760, 10_690]
    assert any("MNIST" in note for note in nets.notes)
    assert left.frame.iloc[0]["rejecting_5_error_percent"].mean == 3.0


def test_the_curve_begins_with_none_rejected_and_is_in_order(run: Make) -> None:
    group = groups(a_frame(run))[0]
    assert list(curve(group).items()) == [
        (0, "test_error_percent"),
        (5, "test_rejecting_5_error_percent"),
        (20, "test_rejecting_20_error_percent"),
    ]


def test_without_runs_it_says_so(run: Make) -> None:
    nets, _ = digits_1989(pd.DataFrame([run("lenet-mnist")]))
    assert any("Nothing measured here yet" in note for note in nets.notes)
