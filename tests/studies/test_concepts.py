"""Tables of codes, of breakthroughs, of the lecture's hardware and of AlexNet's tricks."""

from collections.abc import Callable
from typing import Any

import pandas as pd
import pytest
import studied

from dlbench.records.groups import Quoted

alexnet_tricks = studied.tables("alexnet_tricks")
datasets_vs_algorithms = studied.tables("datasets_vs_algorithms")
lecture_hardware = studied.tables("hardware")
representations = studied.tables("representations")

Make = Callable[..., dict[str, Any]]


def resolved(data: dict[str, Any], model: dict[str, Any] | None = None, **training: Any) -> dict[str, Any]:
    return {
        "source": "a paper",
        "data": data,
        "model": model or {"name": "mlp"},
        "training": {"name": "sgd"} | training,
    }


def coded(run: Make, code: str, units: int, told_apart: float) -> dict[str, Any]:
    data = {"name": "codes", "code": code, "units": units}
    return run(
        f"codes-{code}", recipe_json=resolved(data), recipe_digest=f"{code}{units}", train_examples=2**units,
        train_told_apart=told_apart, published={"train_told_apart": 8}, parameters=1,
    )  # fmt: skip


def thing(run: Make, code: str, seed: int, test: float) -> dict[str, Any]:
    recipe_json = resolved({"name": "things", "code": code}, {"name": "mlp", "sizes": [12, 16, 2]})
    return run(
        f"things-{code}", seed, recipe_json=recipe_json, train_examples=48, test_examples=16,
        train_error_percent=0.0, test_error_percent=test,
    )  # fmt: skip


def test_codes_by_units_and_things_by_error(run: Make) -> None:
    runs = [coded(run, "localist", units, units) for units in (2, 3)]
    runs += [
        thing(run, code, seed, error + seed) for code, error in (("distributed", 5), ("random", 40)) for seed in (0, 2)
    ]
    counted, unseen = representations(pd.DataFrame(runs))
    assert counted.frame[["units", "things"]].to_numpy().tolist() == [[3, 8], [2, 4]]
    assert [cell.mean for cell in counted.frame["told_apart"]] == [3, 2]
    assert [cell.value for cell in counted.frame["published_told_apart"]] == [3, 2]
    assert unseen.frame["code"].tolist() == ["random", "distributed"]
    assert [cell.mean for cell in unseen.frame["test_error_percent"]] == [41, 6]


def test_the_lecture_s_averages_stand_beside_those_worked_out(run: Make) -> None:
    runs = [
        run(
            f"years-since-{since}", recipe_json=resolved({"name": "breakthroughs", "since": since}), train_examples=6,
            train_delay_years=years, train_rms_error_years=1.0, published={"train_delay_years": round(years)},
        )
        for since, years in (("dataset", 16 / 6), ("algorithm", 109 / 6))
    ]  # fmt: skip
    means, rows = datasets_vs_algorithms(pd.DataFrame(runs))
    assert means.frame["published_mean_years"].tolist() == [Quoted(3, "a paper"), Quoted(18, "a paper")]
    assert any("2.67 and 18.17" in note for note in means.notes)
    assert len(rows.frame) == 6
    assert rows.frame["published_algorithm"][0].value == "Hidden Markov Model"


def test_training_here_stands_over_the_lecture_s_systems(run: Make) -> None:
    """1e9 multiply-adds an example, 2 operations each, three passes, 500 examples a second: 3 TFLOP/s."""
    about = {
        "threads": 2.0, "jobs": 1.0, "compile": False, "channels_last": True, "torch": "2.15", "multiply_adds": 10**9,
        "joules": float("nan"),
    }  # fmt: skip
    runs = [run("big", seed, examples_per_second=speed, **about) for seed, speed in enumerate((400.0, 500.0, 600.0))]
    runs += [run("small", 0, examples_per_second=900.0, **about | {"multiply_adds": 10**6})]
    *_, table = lecture_hardware(pd.DataFrame(runs))
    assert table.frame["system"].tolist()[1:] == [
        "Google datacenter", "Stanford AI lab", "NVIDIA DGX-1", "NVIDIA TITAN X",
    ]  # fmt: skip
    assert table.frame["training_tflops"][0] == pytest.approx(3.0)
    assert table.frame["recipe"][0] == "big"
    assert table.frame["published_power_watts"][1] == Quoted(600_000, "the lecture's hardware slides")
    assert any("150 times less power" in note and "152 times less" in note for note in table.notes)


def alexnet(run: Make, recipe: str, seed: int, test: float, augment: str, dropout: float) -> dict[str, Any]:
    recipe_json = resolved(
        {"name": "cifar10", "augment": augment}, {"name": "alexnet_cifar", "dropout": dropout}, lr=0.1
    )
    return run(recipe, seed, recipe_json=recipe_json, test_error_percent=test, train_error_percent=1.0)


def test_gains_are_over_the_net_with_neither(run: Make) -> None:
    runs = [alexnet(run, "alexnet-bare", seed, 50.0 + seed, "none", 0.0) for seed in (0, 1, 2)]
    runs += [alexnet(run, "alexnet-dropout", seed, 48.0 + seed, "none", 0.5) for seed in (0, 1, 2)]
    net = {"name": "four_layer_convnet", "activation": "tanh", "initial": "file"}
    runs += [
        run("four-layer-tanh", recipe_json=resolved({"name": "cifar10"}, net, lr=lr), recipe_digest=str(lr))
        | {"train_error_percent": 20.0, "test_error_percent": 50.0}
        for lr in (0.003, 0.001)
    ]
    activations, gains = alexnet_tricks(pd.DataFrame(runs))
    assert activations.frame["lr"].tolist() == [0.001, 0.003]
    assert gains.frame["dropout"].tolist() == [0.0, 0.5]
    bare, dropped = gains.frame["gain_percentage_points"]
    assert bare is None
    assert (dropped.value, dropped.n) == (2.0, 3)
