"""Ways not to overfit, side by side."""

from collections.abc import Callable, Sequence
from typing import Any

import pandas as pd
import pytest
import studied

from dlbench.records.groups import Quoted, groups
from dlbench.spec import recipe, study
from dlbench.stats.estimates import Measure
from dlbench.studies.dropout import arms

dropout = studied.tables("dropout")

Make = Callable[..., dict[str, Any]]


@pytest.fixture
def arm(run: Make) -> Callable[..., list[dict[str, Any]]]:
    def make(name: str, errors: Sequence[float], *, on: bool = False, **training: float) -> list[dict[str, Any]]:
        retain = {"retain_inputs": 0.8, "retain_hidden": 0.5} if on else {"retain_inputs": 1.0, "retain_hidden": 1.0}
        return [
            run(
                name,
                seed,
                recipe_digest=f"{name} {training}",
                recipe_json={
                    "source": "Srivastava et al. 2014, Table 2",
                    "data": {"name": "mnist"},
                    "model": {"name": "dropout_net", **retain},
                    "training": {"name": "sgd", "lr": 0.05, **training},
                },
                test_error_percent=error,
                train_examples=500 if name.endswith("500") else 6000,
                published={"test_error_percent": 1.25} if name == "relu-mnist-dropout" else {},
            )
            for seed, error in enumerate(errors)
        ]

    return make


@pytest.fixture
def frame(arm: Callable[..., list[dict[str, Any]]]) -> pd.DataFrame:
    return pd.DataFrame(
        arm("relu-mnist-500", [15.0, 16.0, 17.0])
        + arm("relu-mnist-dropout-500", [14.0, 16.0, 18.0], on=True)
        + arm("relu-mnist", [5.0, 5.0, 5.3])
        + arm("relu-mnist-l2", [4.8, 4.9, 5.0], weight_decay=0.001)
        + arm("relu-mnist-l2", [5.1], weight_decay=0.003)
        + arm("relu-mnist-max-norm", [4.9, 4.9, 5.0], max_norm=2.0)
        + arm("relu-mnist-dropout", [4.0, 4.2, 4.4], on=True)
        + arm("relu-mnist-dropout-max-norm", [3.9, 4.0, 4.4], on=True, max_norm=2.0)
    )


def test_arms_are_named_by_what_they_do_and_most_examples_come_first(frame: pd.DataFrame) -> None:
    table = dropout(frame)[0].frame
    assert table[["train_examples", "against_overfitting"]].to_numpy().tolist() == [
        [6000, "nothing"],
        [6000, "weight decay 0.001"],
        [6000, "weight decay 0.003"],
        [6000, "max-norm 2"],
        [6000, "dropout"],
        [6000, "dropout + max-norm 2"],
        [500, "nothing"],
        [500, "dropout"],
    ]


def test_gains_are_paired_with_the_plain_net_of_as_many_examples(frame: pd.DataFrame) -> None:
    """Of dropout 1.0, 0.8, 0.9: mean 0.9, s = 0.1, t(2) = 4.3027, so 0.9 +- 0.2484; with 500 examples 1, 0, -1."""
    table = dropout(frame)[0].frame.set_index(["train_examples", "against_overfitting"])
    gain = table["gain_percentage_points"]
    most, few = gain[6000, "dropout"], gain[500, "dropout"]
    assert (most.value, most.low, most.high, most.n) == pytest.approx((0.9, 0.6516, 1.1484, 3), abs=1e-4)
    assert (few.value, few.sign) == (pytest.approx(0), 0)
    assert gain[6000, "nothing"] is None
    assert table["test_error_percent"][500, "nothing"] == Measure(16.0, 1.0, 3)


def test_published_figures_stand_beside(frame: pd.DataFrame) -> None:
    table = dropout(frame)[0].frame.set_index(["train_examples", "against_overfitting"])
    assert table["published_test_error_percent"][6000, "dropout"] == Quoted(1.25, "Srivastava et al. 2014, Table 2")


def test_without_a_plain_net_nothing_is_gained(frame: pd.DataFrame) -> None:
    table = dropout(frame[~frame["recipe"].isin(["relu-mnist", "relu-mnist-500"])])[0].frame
    assert "gain_percentage_points" not in table


def test_other_models_are_passed_over(run: Make, frame: pd.DataFrame) -> None:
    assert len(arms(groups(pd.concat([frame, pd.DataFrame([run("lenet-mnist")])], ignore_index=True)))) == 8


def test_the_arms_of_the_study_differ_in_nothing_else() -> None:
    """Same data, steps, rate and units; whatever tells them apart is against overfitting."""
    allowed = {"retain_inputs", "retain_hidden", "max_norm", "weight_decay"}
    names = [name for name in study.load("dropout").recipes if "500" not in name]
    for budget in (each for each in recipe.BUDGETS if each not in recipe.NEEDED):
        found = [recipe.load(name, budget) for name in names]
        assert len({each.digest for each in found}) == 5
        kept = [
            {
                (part, key): value
                for part in recipe.PARTS
                for key, value in getattr(each, part).as_dict().items()
                if key not in allowed
            }
            for each in found
        ]
        assert all(each == kept[0] for each in kept)
