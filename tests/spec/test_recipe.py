import json
import os

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from refused import read_or_refused

from dlbench.cli import baseline
from dlbench.errors import InputError
from dlbench.reading import MAX_INTEGER
from dlbench.records import raw_files
from dlbench.spec import catalog, recipe

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
        ("training" + ".a" * 20 + "=1", "part.key"),
        ("training.lr=99999999999999999999", "63 bits"),
        ("seeds.x=1", "seeds"),
    ],
)
def test_a_bad_setting_is_named(base, setting, words):
    with pytest.raises(InputError) as caught:
        recipe.load(base, "short", [setting])
    assert setting.partition("=")[0] in str(caught.value) or setting.startswith("seeds")
    assert words in str(caught.value)


def test_a_long_chain_of_recipes_is_refused(base, tmp_path):
    for number in range(30):
        extended = "base" if number == 0 else f"variant{number - 1}"
        (tmp_path / f"variant{number}.yaml").write_text(f"extends: {extended}\ntitle: a\n")
    assert recipe.load(str(tmp_path / "variant11.yaml")).model.name == "lenet5"
    with pytest.raises(InputError, match="in a row"):
        recipe.load(str(tmp_path / "variant29.yaml"))


words = st.text("abc_ é\n\x1b\ud800.", max_size=6)
leaves = st.none() | st.booleans() | st.integers() | st.floats() | words
values = st.recursive(leaves, lambda i: st.lists(i, max_size=3) | st.dictionaries(words, i, max_size=3), max_leaves=8)
keys = st.sampled_from([*recipe.TYPES, "name", "lr", "points", "examples"])
parts = st.fixed_dictionaries({"name": words}, optional={"lr": values, "depth": values})
full = st.fixed_dictionaries(
    {"title": words, **dict.fromkeys(recipe.PARTS, parts)},
    optional={
        "seeds": st.integers(), "tags": st.lists(values, max_size=3), "published": st.dictionaries(words, leaves),
        "curve": st.dictionaries(st.sampled_from(["points", "examples"]), st.integers()), "together": words,
        "short": st.dictionaries(keys, values, max_size=3), "extends": words,
    },
)  # fmt: skip


@given(full | st.dictionaries(keys, values))
def test_any_mapping_is_a_recipe_that_survives_its_run_file_or_one_line_of_error(tmp_path_factory, mapping):
    path = tmp_path_factory.getbasetemp() / "any.yaml"
    path.write_text(yaml.safe_dump(mapping))
    read, _ = read_or_refused(recipe.load, str(path), "short")
    if read:
        assert recipe.from_dict(json.loads(json.dumps(read.as_dict())), "short", path).digest == read.digest


@given(st.lists(st.text("abc_.=[]{}:'\n", max_size=30) | st.text(max_size=30), max_size=3))
def test_any_setting_is_applied_or_one_line_of_error(settings):
    read, refusal = read_or_refused(recipe.load, "perceptron", "short", settings)
    assert read or refusal.startswith("--set ") or catalog.recipes()["perceptron"].name in refusal


@given(
    st.sampled_from(["data", "model", "training", "score"]),
    st.lists(st.text("abcdefgh_", min_size=1, max_size=8).filter(lambda key: key != "name"), min_size=1, max_size=3),
    st.integers(-MAX_INTEGER, MAX_INTEGER) | st.booleans() | st.floats(allow_nan=False, allow_infinity=False),
)
def test_a_setting_lands_where_it_says(part, names, value):
    shown = json.dumps(value)
    found = getattr(recipe.load("perceptron", "short", [f"{part}.{'.'.join(names)}={shown}"]), part).arguments
    for name in names:
        found = found[name]
    assert found == value


@given(st.text())
def test_any_name_is_found_or_one_line_of_error(name):
    assert any(read_or_refused(recipe.load, name))


def test_an_unknown_name_gets_near_misses():
    with pytest.raises(InputError, match="did you mean 'lenet-mnist'"):
        recipe.load("lenet-mnits")
    with pytest.raises(InputError, match="one of smoke, short, medium, full"):
        recipe.load("lenet-mnist", "long")


@pytest.mark.parametrize(
    ("name", "budget"), [(n, b) for n in catalog.recipes() for b in recipe.BUDGETS if recipe.has_budget(n, b)]
)
def test_every_recipe_that_ships_reads_at_every_budget(name, budget):
    found = recipe.load(name, budget)
    assert found.title
    assert found.source


def test_a_budget_that_not_every_recipe_has_is_asked_for_by_name(base, tmp_path):
    with pytest.raises(InputError, match="has no medium budget"):
        recipe.load(base, "medium")
    longer = tmp_path / "longer.yaml"
    longer.write_text("extends: base\nmedium: {training: {epochs: 9}, precision: auto}\n")
    assert recipe.load(str(longer), "medium").training.arguments["epochs"] == 9
    assert recipe.load(str(longer), "medium").precision == "auto"
    assert recipe.load(str(longer), "full").precision == "fp32"
    assert recipe.has_budget(str(longer), "medium")


def test_a_precision_gets_near_misses_and_is_no_part_of_what_is_computed(base, tmp_path):
    wrong, half = tmp_path / "wrong.yaml", tmp_path / "half.yaml"
    wrong.write_text("extends: base\nprecision: bf61\n")
    half.write_text("extends: base\nprecision: bf16\n")
    with pytest.raises(InputError, match=r"precision: 'bf61' is not one of .*did you mean 'bf16'"):
        recipe.load(str(wrong))
    found = recipe.load(str(half))
    assert found.digest == recipe.load(base).digest
    assert recipe.from_dict(found.as_dict(), "short", found.path).precision == "bf16"


@pytest.mark.parametrize("name", ["time", "Time", "baselines"])
def test_a_name_that_is_a_folder_of_results_is_refused(tmp_path, name):
    (tmp_path / f"{name}.yaml").write_text("extends: lenet-digits\ntitle: a net")
    with pytest.raises(InputError, match=rf"{name}\.yaml: '{name}' is a folder of dlbench's own .*rename the file"):
        recipe.load(str(tmp_path / f"{name}.yaml"))


@pytest.mark.parametrize("name", [b"caf\xe9.yaml", b"a\nb.yaml", b"a\x1b[2J.yaml", b"...yaml", b"..yaml"])
def test_a_file_name_that_cannot_be_printed_or_is_none_is_refused_in_one_line(tmp_path, name):
    path = os.path.join(os.fsencode(tmp_path), name)
    with open(path, "w") as file:
        file.write("extends: lenet-digits\ntitle: a net")
    with pytest.raises(InputError, match="no name for a recipe; rename the file") as caught:
        recipe.load(os.fsdecode(path))
    assert str(caught.value).isprintable()


def test_the_reserved_names_are_those_of_the_folders():
    assert {raw_files.TIMES, baseline.FOLDER} == set(recipe.RESERVED)


def test_published_figures_are_never_inherited(base, tmp_path):
    (tmp_path / "b.yaml").write_text("extends: base\ntitle: b\n")
    (tmp_path / "c.yaml").write_text("extends: b\ntitle: c\npublished: {parameters: 4}\n")
    (tmp_path / "d.yaml").write_text("extends: c\ntitle: d\n")
    assert recipe.load(base).published == {"test_error_percent": 5, "parameters": 3}
    assert [recipe.load(str(tmp_path / f"{name}.yaml")).published for name in "bcd"] == [{}, {"parameters": 4}, {}]
    assert recipe.load(str(tmp_path / "d.yaml")).tags == recipe.load(base).tags


def test_an_own_value_that_gives_way_to_a_base_s_budget_is_told(base, tmp_path):
    path = tmp_path / "mine.yaml"
    path.write_text("extends: base\ntitle: mine\ntraining: {epochs: 7, lr: 0.2}\nseeds: 3\n")
    found = recipe.load(str(path), "short")
    assert found.training.arguments["epochs"] == 2
    assert list(recipe.overruled(found)) == [
        f"{path}: training.epochs is 2, as base.yaml has it for short, not 7; "
        "to have that, write it below 'short:' as well"
    ]
    assert list(recipe.overruled(recipe.load(str(path), "full"))) == []
    assert list(recipe.overruled(recipe.load(str(path), "short", ["training.epochs=9"]))) == []
    path.write_text(path.read_text() + "short: {training: {epochs: 7}}\n")
    assert recipe.load(str(path), "short").training.arguments["epochs"] == 7
    assert list(recipe.overruled(recipe.load(str(path), "short"))) == []
    path.write_text("extends: base\ntitle: mine\ntraining: {epochs: 2}\n")
    assert list(recipe.overruled(recipe.load(str(path), "short"))) == []  # the same


@pytest.mark.parametrize("name", catalog.recipes())
def test_no_shipped_recipe_has_a_value_that_gives_way(name):
    for budget in recipe.BUDGETS:
        if recipe.has_budget(name, budget):
            assert list(recipe.overruled(recipe.load(name, budget))) == []


def test_a_recipe_may_keep_no_pictures_where_the_one_it_extends_keeps_some(tmp_path):
    mine = tmp_path / "mine.yaml"
    mine.write_text("extends: perceptron\ntitle: mine\n")
    assert recipe.load(str(mine)).pictures.name == "unit_square"
    mine.write_text("extends: perceptron\ntitle: mine\npictures: null\n")
    assert recipe.load(str(mine)).pictures is None


@pytest.mark.parametrize("part", ["data", "model", "training", "score"])
def test_a_part_that_is_none_is_an_error_of_one_line(part, tmp_path):
    mine = tmp_path / "mine.yaml"
    mine.write_text(f"extends: perceptron\ntitle: mine\n{part}: null\n")
    with pytest.raises(InputError, match=f"mine.yaml: {part}: "):
        recipe.load(str(mine))
    mine.write_text(f"extends: perceptron\ntitle: mine\nfull: {{{part}: null}}\n")
    with pytest.raises(InputError, match=f"mine.yaml: {part}: "):
        recipe.load(str(mine), "full")
