"""The JSON Schemas take what dlbench takes, and what they refuse dlbench refuses too."""

import functools
import json

import jsonschema
import pytest
import readme
import yaml

from dlbench import parts, reading
from dlbench.errors import InputError
from dlbench.parts import schema
from dlbench.spec import catalog, claim, recipe, study

RECIPE = """
title: mine
data: {name: digits, size: 8}
model: {name: mlp, sizes: [64, 32, 10]}
training: {name: sgd, lr: 0.1, momentum: 0.9, batch_size: 32, epochs: 2}
score: {name: classification_error}
"""
STUDY = """
title: mine
recipes: [lenet-digits, mlp-xor]
claims:
  - {says: one errs less, metric: test_error_percent, of: mlp-xor, relation: less, than: lenet-digits}
"""


@functools.cache
def checker(kind):
    made = schema.of_recipes() if kind == "recipe" else schema.of_studies()
    jsonschema.Draft7Validator.check_schema(made)
    return jsonschema.Draft7Validator(made)


def refuses(kind, text):
    return not checker(kind).is_valid(reading.parse(text, "test"))


@pytest.mark.parametrize("file", sorted(set(catalog.recipes().values())), ids=lambda file: file.stem)
def test_a_recipe_that_ships_is_valid(file):
    checker("recipe").validate(reading.read_mapping(file))


@pytest.mark.parametrize("file", catalog.studies().values(), ids=lambda file: file.stem)
def test_a_study_that_ships_is_valid(file):
    checker("study").validate(reading.read_mapping(file))


def test_what_the_manual_shows_is_valid():
    listings = readme.listings((readme.REPOSITORY / "docs" / "recipes.md").read_text())
    texts = {name: yaml.safe_load(text) for name, text in listings.items() if name.endswith(".yaml")}
    assert {"wide.yaml", "mine.yaml", "widths.yaml"} <= set(texts)
    for content in texts.values():
        checker("study" if "recipes" in content else "recipe").validate(content)


OWN_MODEL = RECIPE.replace("{name: mlp, sizes: [64, 32, 10]}", "{name: mynets.narrow, width: 32}")


@pytest.mark.parametrize(
    "text",
    [
        RECIPE,
        OWN_MODEL + "short: {model: {width: 8}}\nvariants: {mine-2: {model: {width: 16}}}",
        "extends: ./beside.yaml\ntitle: t\nmodel: {width: 3}",  # whose model may be anybody's
        "extends: resnet-20\ntitle: t\nmodel: {shortcut: B}\npictures: null",
        RECIPE + "variants: {mine-2: {extends: mine, title: t, model: {name: lenet5}}}",
        RECIPE + "short: {together: false, curve: {points: 0}, seeds: 2}\nprecision: auto",
    ],
)
def test_a_recipe_of_one_s_own_is_valid(text):
    checker("recipe").validate(reading.parse(text, "test"))


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("title: mine", "titel: mine"),
        ("title: mine\n", ""),
        ("title: mine", "title: 7"),
        ("data: {name: digits", "data: {name: digitz"),
        ("name: mlp", "name: mpl"),
        ("name: mlp, ", ""),
        ("sizes: [64", "sizes: [wide"),
        ("size: 8", "size: 9"),
        ("lr: 0.1", "lrr: 0.1"),
        ("lr: 0.1", "lr: fast"),
        ("epochs: 2", "epochs: 2.5"),
        ("name: classification_error", "name: classification_error, of: all"),
        ("mine\n", "mine\nshort: {training: {epoch: 1}}\n"),
        ("mine\n", "mine\nshort: {trainings: {epochs: 1}}\n"),
        ("mine\n", "mine\nprecision: fp8\n"),
        ("mine\n", "mine\nseeds: 0\n"),
        ("mine\n", "mine\npublished: {test_error_percent: low}\n"),
        ("mine\n", "mine\nvariants: {mine-2: {model: {size: [64, 10]}}}\n"),
        ("mine\n", "mine\nvariants: {mine-2: {model: {name: resnet, depht: 20}}}\n"),
        ("mine\n", "mine\nvariants: {mine-2: {modle: {name: resnet}}}\n"),
        ("mine\n", "mine\nvariants: {mine-2: {training: {lr: [0.1]}}}\n"),
        ("mine\n", "mine\nvariants: [mine-2]\n"),
    ],
)
def test_a_mistake_in_a_recipe_is_refused_as_dlbench_refuses_it(old, new, tmp_path):
    assert old in RECIPE
    text = RECIPE.replace(old, new, 1)
    assert refuses("recipe", text)
    (tmp_path / "mine.yaml").write_text(text)
    with pytest.raises(InputError):  # noqa: PT012  # of the file's recipe or of its variant
        for name in ("", ":mine-2")[: 2 if "mine-2" in text else 1]:
            parts.check(recipe.load(f"{tmp_path}/mine.yaml{name}"))


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("title: mine", "titel: mine"),
        ("recipes: [lenet-digits, mlp-xor]", "recipes: []"),
        ("recipes:", "recipe:"),
        ("mine\n", "mine\nseeds: {shrot: 3}\n"),
        ("mine\n", "mine\nseeds: {mlp-xor: {shrot: 3}}\n"),
        ("mine\n", "mine\nshows: degradaton\n"),
        ("mine\n", "mine\nsweep: {mlp-xor: {training.lr: 0.1}}\n"),
        ("mine\n", "mine\nstudies: [gates]\n"),
        ("says:", "say:"),
        ("relation: less", "relation: lesser"),
        ("relation: less", "relation: within"),
        ("than: lenet-digits", "than: lenet-digits, each: maybe"),
        ("than: lenet-digits", "than: lenet-digits, by: -1"),
        ("than: lenet-digits", "than: lenet-digits, budget: long"),
        ("of: mlp-xor", "of: 3"),
        ("metric: test_error_percent", "metric: {steps_until: test_error_percent}"),
    ],
)
def test_a_mistake_in_a_study_is_refused_as_dlbench_refuses_it(old, new, tmp_path):
    assert old in STUDY
    text = STUDY.replace(old, new, 1)
    assert refuses("study", text)
    (tmp_path / "mine.yaml").write_text(text)
    with pytest.raises(InputError):
        study.load(str(tmp_path / "mine.yaml"))


def test_a_study_of_one_s_own_is_valid(tmp_path):
    (tmp_path / "mine.yaml").write_text(STUDY)
    study.load(str(tmp_path / "mine.yaml"))
    assert not refuses("study", STUDY)
    assert not refuses("study", "title: mine\nstudies: [gates, perceptron-limits]")


def test_every_key_and_every_function_is_known():
    whole, claims = checker("recipe").schema, checker("study").schema["properties"]["claims"]["items"]
    assert set(whole["properties"]) == {*recipe.TYPES, "variants"}
    assert set(checker("study").schema["properties"]) == set(study.KEYS)
    assert set(claims["properties"]) == set(claim.KEYS)
    for kind in schema.KINDS:
        assert whole["definitions"][kind]["properties"]["name"]["anyOf"][0]["enum"] == list(parts.names(kind))
    (digits,) = [rule["then"] for rule in whole["definitions"]["data"]["allOf"] if '"digits"' in json.dumps(rule["if"])]
    assert digits["description"].startswith("Return the bundled digits")  # which an editor shows
