"""Nets with and without batch normalisation, and the grid that was searched for each."""

from collections.abc import Callable, Sequence
from typing import Any

import pandas as pd
import pytest
import studied

from dlbench.records.groups import Quoted, groups, of_most_seeds
from dlbench.spec import study
from dlbench.spec.claim import StepsUntil
from dlbench.stats.estimates import Measure
from dlbench.studies.batchnorm import ACCURATE_PERCENT, grid, points

batchnorm = studied.tables("batchnorm")

Make = Callable[..., dict[str, Any]]


@pytest.fixture
def nets(run: Make) -> Callable[..., list[dict[str, Any]]]:
    def make(recipe: str, lr: float, init_sd: float, errors: Sequence[float], **columns: Any) -> list[dict[str, Any]]:
        on = recipe.startswith("batchnorm")
        return [
            run(
                recipe,
                seed,
                recipe_digest=f"{on} {lr} {init_sd}",
                recipe_json={
                    "source": "Ioffe & Szegedy 2015, section 4.1",
                    "data": {"name": "binary_mnist"},
                    "model": {"name": "batchnorm_net", "batch_norm": on, "init_sd": init_sd},
                    "training": {"name": "sgd", "lr": lr},
                },
                test_error_percent=error,
                train_error_percent=error - 1,
                parameters=100_310 if on else 99_710,
                published={"parameters": 100_310 if on else 99_710},
                **columns,
            )
            for seed, error in enumerate(errors)
        ]

    return make


@pytest.fixture
def searched(nets: Callable[..., list[dict[str, Any]]]) -> pd.DataFrame:
    """Two nets over three seeds, and other points of their grids with seed 0."""
    return pd.DataFrame(
        nets("sigmoid-mnist", 3.0, 0.3, [5.0, 6.0, 7.0])
        + nets("sigmoid-mnist", 10.0, 0.3, [88.0])
        + nets("sigmoid-mnist", 3.0, 0.01, [9.0])
        + nets("batchnorm-mnist", 1.0, 0.1, [3.0, 4.0, 5.0])
        + nets("batchnorm-mnist", 10.0, 0.1, [3.5])
        + nets("batchnorm-mnist-x5", 15.0, 0.1, [4.0, 4.0, 4.0])
    )


def test_each_recipe_is_shown_at_the_settings_that_ran_over_all_seeds(searched: pd.DataFrame) -> None:
    shown = batchnorm(searched)[0].frame
    assert shown[["recipe", "net", "init_sd", "lr"]].to_numpy().tolist() == [
        ["sigmoid-mnist", "plain", 0.3, 3.0],
        ["batchnorm-mnist", "batch normalisation", 0.1, 1.0],
        ["batchnorm-mnist-x5", "batch normalisation", 0.1, 15.0],
    ]
    assert shown["test_error_percent"].tolist()[:2] == [Measure(6.0, 1.0, 3), Measure(4.0, 1.0, 3)]
    assert shown["published_parameters"].iloc[1] == Quoted(100_310, "Ioffe & Szegedy 2015, section 4.1")


def test_the_grid_has_a_row_for_each_sd_and_a_column_for_each_rate_all_of_seed_0(searched: pd.DataFrame) -> None:
    table = batchnorm(searched)[1].frame
    rows = [[net, sd, *line] for net, sd, *line in table.drop(columns=["budget", "device"]).to_numpy().tolist()]
    assert list(table.columns[-3:]) == ["at_lr_3_percent", "at_lr_10_percent", "at_lr_1_percent"]
    assert rows[0][:3] == ["plain", 0.01, 9.0]
    assert rows[1][:4] == ["plain", 0.3, 5.0, 88.0]
    assert [rows[2][0], rows[2][3], rows[2][4]] == ["batch normalisation", 3.5, 3.0]


def test_a_recipe_that_was_not_searched_is_no_point_of_the_grid(searched: pd.DataFrame) -> None:
    assert {group.recipe for group in grid(points(groups(searched)))} == {"sigmoid-mnist", "batchnorm-mnist"}


def test_budgets_are_not_mixed(nets: Callable[..., list[dict[str, Any]]]) -> None:
    short = nets("sigmoid-mnist", 3.0, 0.3, [5.0, 6.0])
    full = [each | {"budget": "full", "recipe_digest": "full"} for each in nets("sigmoid-mnist", 3.0, 0.3, [2.0])]
    frame = pd.DataFrame(short + full)
    assert [group.budget for group in of_most_seeds(points(groups(frame)))] == ["short", "full"]
    assert len(batchnorm(frame)) == 1, "nothing was searched"


def test_other_models_are_passed_over(run: Make, searched: pd.DataFrame) -> None:
    frame = pd.concat([searched, pd.DataFrame([run("lenet-mnist")])])
    assert len(points(groups(frame.reset_index(drop=True)))) == len(points(groups(searched)))


def test_the_studys_claims_count_steps_to_the_error_that_the_figure_shows() -> None:
    claims = study.load("batchnorm").claims
    sought = {claim.of.metric for claim in claims if isinstance(claim.of.metric, StepsUntil)}
    assert sought == {StepsUntil("test_error_percent", ACCURATE_PERCENT)}
