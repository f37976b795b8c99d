"""Tables and figures of what nets are made of and how they work: counted, silenced, moved and estimated."""

from collections.abc import Callable
from typing import Any

import pandas as pd
import pytest
import studied

Make = Callable[..., dict[str, Any]]
STUDIES = (
    "architectures", "invariance", "mini_batches", "one_neuron", "few_labels", "ensembles", "dropout_average", "classes"
)  # fmt: skip


def resolved(score: dict[str, Any], model: dict[str, Any], **training: Any) -> dict[str, Any]:
    return {"source": "a paper", "data": {"name": "cifar10"}, "model": model, "training": training, "score": score}


@pytest.fixture
def counted(run: Make) -> pd.DataFrame:
    nets = {"vgg19": (19.0, 143_667_240, 19_632_062_464), "resnet152": (152.0, 60_192_808, 11_282_415_616)}
    return pd.DataFrame(
        run(
            f"architecture-{net}", recipe_json=resolved({}, {"name": "torchvision_net", "net": net}),
            recipe_digest=net, train_learnt_layers=layers, train_neurons=1e7, parameters=parameters, multiply_adds=work,
        )
        for net, (layers, parameters, work) in nets.items()
    )  # fmt: skip


@pytest.fixture
def moved(run: Make) -> pd.DataFrame:
    score = {"name": "invariance", "layers": ["pool1", "fc"]}
    names = [f"test_{layer}_{change}_percent" for layer in score["layers"] for change in ("shift", "mirror", "noise")]
    return pd.DataFrame(
        run(
            f"invariance-{rule}", seed, recipe_json=resolved(score, {"name": "net"}, name=rule), recipe_digest=rule,
            **{name: 10.0 * place + seed for place, name in enumerate(names, start=1)},
        )
        for rule in ("sgd", "no_learning") for seed in (0, 1)
    )  # fmt: skip


@pytest.fixture
def estimated(run: Make) -> pd.DataFrame:
    errors = {"train_batch_4_relative_error": 2.0, "train_batch_64_relative_error": 0.5}
    runs = [
        run(
            f"gradient-{rule}", seed, recipe_json=resolved({}, {"name": "mlp"}, name=rule), recipe_digest=rule,
            **{name: error + seed / 10 for name, error in errors.items()},
        )
        for rule in ("no_learning", "sgd") for seed in (0, 1)
    ]  # fmt: skip
    taught = resolved({}, {"name": "mlp"}, name="sgd", batch_size=16, lr=0.05)
    runs += [run("taught", seed, recipe_json=taught, recipe_digest="taught", train_loss=0.02) for seed in (0, 1)]
    return pd.DataFrame(runs)


@pytest.fixture
def silenced(run: Make) -> pd.DataFrame:
    found = {"mean_unit_points": 0.1, "worst_unit_points": 1.0, "half_points": 20.0, "mean_unit_error_percent": 85.0}
    found |= {"best_unit_error_percent": 75.0, "group_error_percent": 40.0, "error_percent": 5.0}
    return pd.DataFrame(
        run(
            f"units-{retain}", seed, recipe_json=resolved({}, {"name": "dropout_net", "retain_hidden": retain}),
            recipe_digest=str(retain), **{f"test_{name}": value + seed for name, value in found.items()},
        )
        for retain in (1.0, 0.5) for seed in (0, 1)
    )  # fmt: skip


def test_a_net_is_a_row_of_what_was_counted_and_a_dot_as_large_as_its_parameters(counted: pd.DataFrame) -> None:
    (table,) = studied.tables("architectures")(counted)
    assert table.frame["multiply_adds"].tolist() == [19_632_062_464, 11_282_415_616]
    assert [cell.mean for cell in table.frame["learnt_layers"]] == [19, 152]
    dots = studied.figure("architectures")(counted, pd.DataFrame()).axes[0].collections
    assert dots[1].get_offsets().tolist() == [[152, pytest.approx(11.28, abs=0.01)]]
    assert dots[0].get_sizes()[0] / dots[1].get_sizes()[0] == pytest.approx(143_667_240 / 60_192_808)


def test_a_layer_is_a_row_and_a_change_a_panel(moved: pd.DataFrame) -> None:
    (table,) = studied.tables("invariance")(moved)
    assert table.frame[["recipe", "layer"]].to_numpy().tolist() == [
        ["invariance-sgd", "pool1"], ["invariance-sgd", "fc"],
        ["invariance-no_learning", "pool1"], ["invariance-no_learning", "fc"],
    ]  # fmt: skip
    assert [cell.mean for cell in table.frame["mirror_percent"][:2]] == [20.5, 50.5]
    panels = studied.figure("invariance")(moved, pd.DataFrame()).axes
    assert [axes.get_title() for axes in panels] == ["shift", "mirror", "noise"]
    assert panels[0].lines[0].get_ydata().tolist() == [10.5, 40.5]
    assert [text.get_text() for text in panels[0].get_legend().get_texts()] == ["trained", "not trained"]


def test_estimates_and_what_is_learnt_in_batches_have_tables_of_their_own(estimated: pd.DataFrame) -> None:
    errors, learnt = studied.tables("mini_batches")(estimated)
    assert [cell.mean for cell in errors.frame["error_of_64"]] == [pytest.approx(0.55)] * 2
    assert learnt.frame[["recipe", "batch_size", "lr"]].to_numpy().tolist() == [["taught", 16, 0.05]]
    assert learnt.frame["median_examples_per_second"].tolist() == [512.0]
    axes = studied.figure("mini_batches")(estimated, pd.DataFrame()).axes[0]
    assert axes.lines[0].get_xdata().tolist() == [4, 64]


def test_what_is_lost_stands_beside_what_units_tell_alone(silenced: pd.DataFrame) -> None:
    (table,) = studied.tables("one_neuron")(silenced)
    assert [cell.mean for cell in table.frame["half_points"]] == [20.5, 20.5]
    assert "mean_unit_error_percent" in table.frame
    left, right = studied.figure("one_neuron")(silenced, pd.DataFrame()).axes
    assert [bar.get_width() for bar in left.patches] == pytest.approx([0.6, 0.6, 1.5, 1.5, 20.5, 20.5])
    assert right.get_yticklabels()[1].get_text() == "one unit, dropout"


def test_a_way_to_learn_is_a_line_through_its_numbers_of_labels(run: Make) -> None:
    nets = [
        run(
            f"labels-{model}-{labels}", recipe_json=resolved({}, {"name": model}, name="sgd"), train_examples=labels,
            recipe_digest=f"{model}{labels}", test_error_percent=error,
        )
        for model, errors in (("lenet5", {100: 30.0, 1000: 9.0}), ("hog_linear", {100: 19.0}))
        for labels, error in errors.items()
    ]  # fmt: skip
    axes = studied.figure("few_labels")(pd.DataFrame(nets), pd.DataFrame()).axes[0]
    assert axes.lines[0].get_ydata().tolist() == [30.0, 9.0]
    assert [text.get_text() for text in axes.get_legend().get_texts()] == ["lenet5 by sgd", "hog_linear by sgd"]


@pytest.mark.parametrize(
    ("name", "metrics"),
    [
        ("ensembles", {"error_percent": 3.0, "best_member_error_percent": 4.0, "member_error_percent": 5.0}),
        ("dropout_average", {"error_percent": 3.0, "thinned_1_error_percent": 9.0, "thinned_50_error_percent": 3.1}),
    ],
)
def test_a_way_to_ask_is_a_bar(name: str, metrics: dict[str, float], run: Make) -> None:
    runs = [run(seed=seed, **{f"test_{key}": value + seed for key, value in metrics.items()}) for seed in (0, 1)]
    axes = studied.figure(name)(pd.DataFrame(runs), pd.DataFrame()).axes[0]
    assert [bar.get_width() for bar in axes.patches] == pytest.approx([value + 0.5 for value in metrics.values()])
    (table,) = studied.tables(name)(pd.DataFrame(runs))
    assert table.frame["test_error_percent"][0].mean == 3.5


def test_a_class_is_a_row_and_a_bar_the_easiest_first(run: Make) -> None:
    net = run(
        "net", recipe_json=resolved({"name": "error_by_class"}, {"name": "mlp"}), test_error_percent=20.0,
        test_easiest_missed_percent=10.0, test_hardest_missed_percent=30.0, train_cat_missed_percent=1.0,
        test_cat_missed_percent=30.0, test_ship_missed_percent=10.0, test_mud_turtle_missed_percent=20.0,
    )  # fmt: skip
    (table,) = studied.tables("classes")(pd.DataFrame([net]))
    assert [(row["class"], row["missed_percent"].mean) for _, row in table.frame.iterrows()] == [
        ("ship", 10.0), ("mud_turtle", 20.0), ("cat", 30.0),
    ]  # fmt: skip
    axes = studied.figure("classes")(pd.DataFrame([net]), pd.DataFrame()).axes[0]
    assert [bar.get_width() for bar in axes.patches] == [10.0, 20.0, 30.0]
    assert axes.get_yticklabels()[0].get_text() == "ship"


@pytest.mark.parametrize("name", STUDIES)
def test_without_runs_a_figure_says_so(name: str, run: Make) -> None:
    failed = pd.DataFrame([run(status="failed")])
    drawn = studied.figure(name)(failed, pd.DataFrame())
    assert "nothing measured yet" in " ".join(text.get_text() for text in drawn.texts)
