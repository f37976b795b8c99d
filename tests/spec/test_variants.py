"""Recipes that stand in one file: a file's own, and its variants."""

import json

import pytest

from dlbench.cli import gate
from dlbench.errors import InputError
from dlbench.spec import catalog, recipe, study
from dlbench.trials import plan

FAMILY = """
title: a net
source: somebody
published: {test_error_percent: 5}
tags: [convolutional]
seeds: 2
data: {name: truth_table, function: xor}
model: {name: mlp, sizes: [2, 2, 1], output: logistic}
training: {name: sgd, loss: squared_error, lr: 0.1, batch_size: 4, steps: 9}
score: {name: truth_table, threshold: 0.5}
smoke: {training: {steps: 2}}
variants:
  wide: {title: a wide net, model: {sizes: [2, 9, 1]}}
  wide-fast:
    extends: wide
    title: a wide net, fast
    published: {test_error_percent: 4}
    tags: []
    training: {lr: 1.0}
    smoke: {training: {steps: 3}}
  other: {extends: perceptron-or, title: no net of ours}
"""


@pytest.fixture
def family(tmp_path, monkeypatch):
    path = tmp_path / "mine.yaml"
    path.write_text(FAMILY)
    monkeypatch.chdir(tmp_path)
    return path


def refusal(read, *words):
    with pytest.raises(InputError) as caught:
        read(*words)
    assert str(caught.value).isprintable()
    return str(caught.value)


def test_a_file_is_its_own_recipe_and_its_variants_are_others(family):
    own, wide, fast = (recipe.load(f"./mine.yaml{each}", "smoke") for each in ("", ":wide", ":wide-fast"))
    assert [each.name for each in (own, wide, fast)] == ["mine", "wide", "wide-fast"]
    assert [each.title for each in (own, wide, fast)] == ["a net", "a wide net", "a wide net, fast"]
    assert [each.published for each in (own, wide, fast)] == [
        {"test_error_percent": 5}, {}, {"test_error_percent": 4},
    ]  # fmt: skip
    assert [each.tags for each in (own, wide, fast)] == [("convolutional",), ("convolutional",), ()]
    assert [each.model.arguments["sizes"] for each in (own, wide, fast)] == [[2, 2, 1], [2, 9, 1], [2, 9, 1]]
    assert [each.training.arguments["lr"] for each in (own, wide, fast)] == [0.1, 0.1, 1.0]
    assert [each.training.arguments["steps"] for each in (own, wide, fast)] == [2, 2, 3]
    assert {each.source for each in (own, wide, fast)} == {"somebody"}
    assert {each.path for each in (own, wide, fast)} == {own.path}
    assert recipe.load("./mine.yaml:other").data.arguments["function"] == "or"


def test_a_variant_is_what_a_file_that_extends_its_family_would_be(family):
    for name, lines in {"wide": "", "wide-fast": "extends: wide\n"}.items():
        folder = family.parent / "apart"
        folder.mkdir(exist_ok=True)
        (folder / "mine.yaml").write_text(FAMILY.partition("variants:")[0])
        held = catalog.variants(family)[name]
        (folder / f"{name}.yaml").write_text(lines or "extends: mine\n")
        with (folder / f"{name}.yaml").open("a") as file:
            file.writelines(f"{key}: {json.dumps(value)}\n" for key, value in held.items() if key != "extends")
        for budget in ("smoke", "short", "full"):
            together, apart = (recipe.load(each, budget) for each in (f"./mine.yaml:{name}", f"apart/{name}.yaml"))
            assert together.as_dict() == apart.as_dict()
            assert (together.digest, together.seeds) == (apart.digest, apart.seeds)


def test_another_file_extends_a_variant_by_its_name_or_by_its_file_s_and_its(family):
    for reference in ("wide", "mine:wide", "mine.yaml:wide", "./mine.yaml:wide"):
        (family.parent / "third.yaml").write_text(f"extends: {reference}\ntitle: a third\n")
        assert recipe.load("third.yaml").model.arguments["sizes"] == [2, 9, 1]
    (family.parent / "third.yaml").write_text("extends: wave-logistic-16\ntitle: of one that ships\n")
    assert recipe.load("third.yaml").model.arguments["sizes"] == [1, 16, 1]


def test_a_study_names_variants_beside_it(family):
    (family.parent / "study.yaml").write_text(
        "title: t\nrecipes: [mine, 'mine:wide', wide-fast, perceptron]\nseeds: {smoke: 1, wide: {smoke: 3}}\n"
        "sweep: {wide-fast: {training.lr: [2.0]}}\n"
        "claims: [{says: it is wider, source: s, of: wide, than: mine, metric: train_right, relation: greater}]\n"
    )
    found = study.load("study.yaml")
    assert found.recipes == ("mine.yaml", "mine.yaml:wide", "mine.yaml:wide-fast", "perceptron")
    planned = [trial.recipe.name for trial in plan.trials(["study.yaml"], device="cpu", budget="smoke")]
    assert [planned.count(each) for each in ("mine", "wide", "wide-fast")] == [2, 3, 3]
    assert [case.recipe for case in gate._cases(["study.yaml"], "train", None)] == [
        "mine", "wide", "wide-fast", "perceptron",
    ]  # fmt: skip


def test_a_trial_of_a_variant_survives_the_way_to_its_worker(family):
    [trial] = plan.trials(["./mine.yaml:wide"], device="cpu", seeds=[0], budget="smoke")
    again = plan.from_dict(json.loads(json.dumps(trial.as_dict())))
    assert again.recipe.entry == catalog.Entry(family, "wide")
    assert again.recipe.as_dict() == trial.recipe.as_dict()
    assert trial.path(family.parent).parent.name == "wide"


@pytest.mark.parametrize(
    ("was", "becomes", "words"),
    [
        ("wide: {title", "wide: {titel", "mine.yaml: variants: wide: unknown key 'titel' (did you mean 'title'?)"),
        ("model: {sizes: [2, 9, 1]}", "model: 3", "mine.yaml: variants: wide: model: 3 is not a mapping"),
        ("model: {sizes: [2, 9, 1]}", "variants: {}", "mine.yaml: variants: wide: unknown key 'variants'"),
        ("model: {sizes: [2, 9, 1]}", "short: {lr: 1}", "mine.yaml: variants: wide: short: unknown key 'lr'"),
        ("model: {sizes: [2, 9, 1]}", "extends: wide", "mine.yaml: variants: wide: extends itself, by way of wide"),
        ("model: {sizes: [2, 9, 1]}", "extends: wide-fast", "variants: wide: extends itself, by way of wide-fast"),
        ("model: {sizes: [2, 9, 1]}", "extends: wid-fast", "unknown recipe or study 'wid-fast'"),
        ("model: {sizes: [2, 9, 1]}", "published: {a: b}", "mine.yaml: variants: wide: published: a: 'b' is not a num"),
        ("model: {sizes: [2, 9, 1]}", "seeds: 0", "mine.yaml: variants: wide: seeds: 0 is not a positive"),
        ("wide: {title: a wide net, model: {sizes: [2, 9, 1]}}", "wide: 3", "variants: wide: 3 is not a mapping"),
        ("  wide: {", "  mine: {", "mine.yaml: variants: mine is the name of the file's own recipe"),
        ("  wide: {", "  a/b: {", "mine.yaml: variants: 'a/b' is no name for a recipe"),
        ("  wide: {", "  a:b: {", "mine.yaml: variants: 'a:b' is no name for a recipe"),
        ("  wide: {", "  b.yaml: {", "mine.yaml: variants: 'b.yaml' is no name for a recipe"),
        ("  wide: {", f"  {'w' * 101}: {{", "is no name for a recipe"),
        ("variants:\n", "variants: 3\n", "mine.yaml: variants: 3 is not a mapping of names"),
    ],
)
def test_what_is_wrong_with_a_variant_names_the_file_the_variant_and_the_key(family, was, becomes, words):
    text = FAMILY.replace(was, becomes, 1)
    family.write_text(text if "variants: 3" not in text else text.partition("  wide")[0])
    assert words in refusal(recipe.load, "./mine.yaml:wide")


def test_a_key_that_a_part_does_not_know_names_the_variant(family):
    family.write_text(FAMILY.replace("training: {lr: 1.0}", "training: {lrr: 1.0}"))
    assert refusal(lambda: plan.trials(["./mine.yaml:wide-fast"], device="cpu")).startswith(
        "mine.yaml: variants: wide-fast: training: unknown key 'lrr' (did you mean 'lr'?)"
    )
    assert plan.trials(["./mine.yaml:wide"], device="cpu")  # the others can be run


def test_an_unknown_variant_gets_near_misses(family):
    assert refusal(recipe.load, "./mine.yaml:wide-fats") == (
        "mine.yaml: variants: none is called 'wide-fats' (did you mean 'wide-fast' or 'wide'?)"
    )
    assert "did you mean './mine.yaml:wide-fast'?" in refusal(recipe.load, "wide-fast")
    assert "no such file" in refusal(recipe.load, "./none.yaml:wide")
    assert "none is called 'x'" in refusal(recipe.load, "perceptron:x")


def test_a_family_is_bounded(family):
    head, _, _ = FAMILY.partition("  wide")
    for count in (catalog.MOST_VARIANTS, catalog.MOST_VARIANTS + 1):
        family.write_text(head + "".join(f"  net-{number}: {{title: a net}}\n" for number in range(count)))
        if count == catalog.MOST_VARIANTS:
            assert recipe.load("./mine.yaml:net-99").title == "a net"
    assert "mine.yaml: variants: 101 of them; no more than 100" in refusal(recipe.load, "./mine.yaml")
    family.write_text(FAMILY + "#" * 100_000)
    assert "larger than 100,000 bytes" in refusal(recipe.load, "./mine.yaml:wide")


def test_names_that_clash_are_told(family):
    (family.parent / "wide.yaml").write_text("extends: mine\ntitle: another\n")
    assert "wide: has the name of" in refusal(recipe.load, "./mine.yaml:wide")
    (family.parent / "wide.yaml").unlink()
    (family.parent / "yours.yaml").write_text(FAMILY)
    (family.parent / "study.yaml").write_text("title: t\nrecipes: [wide]\n")
    assert "'wide' is a variant in mine.yaml and yours.yaml; write mine:wide" in refusal(study.load, "study.yaml")
    (family.parent / "study.yaml").write_text("title: t\nrecipes: ['mine:wide', 'yours:wide']\n")
    assert "has the name of mine.yaml: variants: wide, and results are kept" in refusal(study.load, "study.yaml")
    both = ["./mine.yaml:wide", "./yours.yaml:wide"]
    assert "rename one of them" in refusal(lambda: plan.trials(both, device="cpu"))
    assert "rename one of them" in refusal(lambda: plan.trials(["./mine.yaml:other", _called_other(family)]))


def _called_other(family):
    (family.parent / "apart").mkdir()
    (family.parent / "apart" / "other.yaml").write_text(FAMILY.partition("variants:")[0])
    return "apart/other.yaml"


@pytest.mark.parametrize("name", ["time", "Baselines", "..."])
def test_a_variant_cannot_have_the_name_of_a_folder_among_the_results(family, name):
    family.write_text(FAMILY.replace("  wide:", f"  {name}:"))
    assert f"mine.yaml: variants: {name}: " in refusal(recipe.load, f"./mine.yaml:{name}")


def test_files_that_are_no_recipes_do_not_stand_in_the_way_of_a_study_beside_them(family):
    (family.parent / "compose.yaml").write_text("services: {wide: [")
    (family.parent / "binary.yaml").write_bytes(b"\xff\xfe wide")
    (family.parent / "study.yaml").write_text("title: t\nrecipes: [wide]\n")
    assert study.load("study.yaml").recipes == ("mine.yaml:wide",)


def test_a_value_that_gives_way_to_the_family_s_is_told(family):
    family.write_text(
        FAMILY.replace("\nsmoke:", "\nshort: {training: {steps: 5}}\nsmoke:").replace("{lr: 1.0}", "{steps: 7}")
    )
    [line] = recipe.overruled(recipe.load("./mine.yaml:wide-fast"))
    assert line.startswith("mine.yaml: variants: wide-fast: training.steps is 5, as mine.yaml has it for short, not 7")


def test_no_two_recipes_that_ship_have_one_name():
    entries = list(catalog.heads())
    assert len({entry.name.lower() for entry in entries}) == len(entries)
    assert not {entry.name for entry in entries} & catalog.studies().keys()


def test_every_variant_that_ships_is_known_by_its_name():
    """The names are read from single lines of each file; here from the whole."""
    for file in set(catalog.recipes().values()):
        names = [entry.name for entry in catalog.heads() if entry.file == file]
        assert names == [file.stem, *catalog.variants(file)]
        assert [catalog.find(name) for name in names] == [catalog.Entry(file, name) for name in names]
