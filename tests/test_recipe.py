import pytest

from dlbench import recipe, shelf
from dlbench.errors import InputError

BASE = """
title: a net
published: {test_error_percent: 5, parameters: 3}
tags: [convolutional]
data: {name: digits, size: 32}
model: {name: lenet5, activation: tanh}
training: {name: sgd, lr: 1e-1, batch_size: 64, epochs: 20}
score: {name: classification_error}
short: {training: {epochs: 2}}
smoke: {data: {train_examples: 10}, training: {epochs: null, steps: 3}}
"""


@pytest.fixture
def base(tmp_path):
    path = tmp_path / "base.yaml"
    path.write_text(BASE)
    return str(path)


def test_a_budget_changes_only_what_it_says(base):
    full, short, smoke = (recipe.load(base, budget) for budget in ("full", "short", "smoke"))
    assert full.training.as_dict() == {"name": "sgd", "lr": 0.1, "batch_size": 64, "epochs": 20}
    assert short.training.as_dict() == full.training.as_dict() | {"epochs": 2}
    assert smoke.training.as_dict() == full.training.as_dict() | {"epochs": None, "steps": 3}
    assert smoke.data.arguments == {"size": 32, "train_examples": 10}
    assert full.data == short.data


def test_a_setting_comes_last(base):
    assert recipe.load(base, "short", ["training.epochs=7", "training.lr=5e-2"]).training.arguments == {
        "lr": 0.05, "batch_size": 64, "epochs": 7,
    }  # fmt: skip


def test_a_variant_is_its_difference_and_does_not_inherit_published_figures(base, tmp_path):
    (tmp_path / "variant.yaml").write_text(
        "extends: base\ntitle: b\npublished: {parameters: 4}\nmodel: {activation: relu}\n"
    )
    variant = recipe.load(str(tmp_path / "variant.yaml"), "smoke")
    assert variant.name == "variant"
    assert variant.published == {"parameters": 4}
    assert variant.model.as_dict() == {"name": "lenet5", "activation": "relu"}
    assert variant.training.arguments["steps"] == 3  # budgets are inherited


def test_a_part_of_another_name_starts_afresh(base, tmp_path):
    (tmp_path / "other.yaml").write_text("extends: base\ntitle: b\nmodel: {name: mlp, sizes: [2, 1]}\n")
    assert recipe.load(str(tmp_path / "other.yaml")).model.as_dict() == {"name": "mlp", "sizes": [2, 1]}


def test_the_digest_follows_what_is_computed_and_nothing_else(base, tmp_path):
    one = recipe.load(base, "short")
    (tmp_path / "same.yaml").write_text("extends: base\ntitle: another title\npublished: {}\n")
    assert recipe.load(str(tmp_path / "same.yaml"), "short").digest == one.digest
    assert recipe.load(base, "full").digest != one.digest
    assert recipe.load(base, "short", ["training.lr=0.2"]).digest != one.digest


def test_a_recipe_survives_its_run_file(base):
    one = recipe.load(base, "short")
    assert recipe.from_dict(one.as_dict(), "short", one.path) == one


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (BASE.replace("training:", "trainin:", 1), "unknown key 'trainin' (did you mean 'training'"),
        (BASE.replace("title: a net", ""), "has no 'title'"),
        (BASE.replace("{name: lenet5, activation: tanh}", "lenet5"), "model: 'lenet5' is not a mapping"),
        (BASE.replace("name: lenet5, ", ""), "needs a mapping with a 'name'"),
        (BASE.replace("parameters: 3", "parameters: many"), "published: parameters: 'many' is not a number"),
        (BASE.replace("short:", "seeds: 0\nshort:"), "seeds: 0 is not a positive"),
        (BASE.replace("short: {training", "short: {trainin"), "short: unknown key 'trainin'"),
        (BASE.replace("title: a net", "title: [a]"), "title: ['a'] is not a text"),
        (BASE + "extends: bad\n", "extends itself"),
        (BASE + "curve: {point: 3}\n", "did you mean 'points'"),
    ],
)
def test_a_bad_recipe_names_the_file_the_key_and_the_near_miss(tmp_path, text, words):
    path = tmp_path / "bad.yaml"
    path.write_text(text)
    with pytest.raises(InputError) as caught:
        recipe.load(str(path))
    assert str(path) in str(caught.value)
    assert words in str(caught.value)


@pytest.mark.parametrize(
    ("setting", "words"),
    [
        ("lr", "part.key=value"),
        ("trainin.lr=1", "did you mean 'training'"),
        ("training.lr=[1", "YAML"),
        (".lr=1", "part.key"),
    ],
)
def test_a_bad_setting_is_named(base, setting, words):
    with pytest.raises(InputError) as caught:
        recipe.load(base, "short", [setting])
    assert setting in str(caught.value)
    assert words in str(caught.value)


def test_an_unknown_name_gets_near_misses():
    with pytest.raises(InputError, match="did you mean 'lenet-mnist'"):
        recipe.load("lenet-mnits")
    with pytest.raises(InputError, match="one of smoke, short, full"):
        recipe.load("lenet-mnist", "long")


@pytest.mark.parametrize("budget", recipe.BUDGETS)
@pytest.mark.parametrize("name", shelf.recipes())
def test_every_recipe_that_ships_reads_at_every_budget(name, budget):
    found = recipe.load(name, budget)
    assert found.title
    assert found.source
