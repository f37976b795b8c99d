"""Studies, and the names by which recipes and studies are found."""

import subprocess
import sys

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from refused import read_or_refused

from dlbench.errors import InputError
from dlbench.spec import catalog, recipe, study
from dlbench.trials import plan

GOOD = """
title: mine
recipes: [perceptron, mlp-xor]
seeds: {short: 3}
shows: xor
"""
OWN = "extends: perceptron\ntitle: my own\nseeds: 5\n"


def load(folder, text):
    (folder / "mine.yaml").write_text(text)
    return study.load(str(folder / "mine.yaml"))


def test_a_study_is_what_its_file_says(tmp_path):
    found = load(tmp_path, GOOD)
    assert found.recipes == ("perceptron", "mlp-xor")
    assert (found.shows, found.seeds) == ("xor", {"short": 3})
    assert load(tmp_path, "title: t\nrecipes: [perceptron]").shows == ""
    assert load(tmp_path, "title: t\nrecipes: [perceptron]\nshows: alexnet-tricks").shows == "alexnet_tricks"


def test_a_users_study_of_a_shipped_name_is_not_the_shipped_one(tmp_path):
    (tmp_path / "xor.yaml").write_text("title: mine\nrecipes: [lenet-digits]\n")
    assert study.load(str(tmp_path / "xor.yaml")).shows == ""
    assert study.load("xor").shows == "xor"


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("shows: xor", "shows: xr", "shows: no study is called 'xr' (did you mean 'xor'?); here: alexnet-tricks, "),
        ("shows: xor", "shows: [xor]", "shows: ['xor'] is not a str"),
        ("shows: xor", "tables: [xor]", "tables: write `shows: "),
        ("shows: xor", "figure: xor", "figure: write `shows: "),
        ("[perceptron, mlp-xor]", "[xor]", "recipes: xor is a study, not a recipe"),
        ("[perceptron, mlp-xor]", "[mine]", "recipes: mine is a study, not a recipe"),
        ("[perceptron, mlp-xor]", "[mine.yaml]", "recipes: mine.yaml is a study, not a recipe"),
        ("mlp-xor", "mlp-xr", "recipes: no recipe is called 'mlp-xr' (did you mean 'mlp-xor'"),
        ("mlp-xor", "none.yaml", "recipes: no recipe is called 'none.yaml'"),
        ("mlp-xor", "a" * 5000, "recipes: no recipe is called 'aaa"),
        ("mlp-xor", "7", "recipes: 7 is not a recipe's name"),
        ("seeds: {short: 3}", "seeds: {short: 0}", "seeds: write a number"),
        ("title", "titel", "unknown key 'titel' (did you mean 'title'?)"),
    ],
)
def test_a_bad_study_names_file_entry_and_near_miss(tmp_path, old, new, words):
    with pytest.raises(InputError) as caught:
        load(tmp_path, GOOD.replace(old, new))
    assert str(caught.value).startswith(f"{tmp_path / 'mine.yaml'}: ")
    assert words in str(caught.value)
    assert "\n" not in str(caught.value)


names = st.sampled_from(["perceptron", "xor", "results", "mine", "any", "../any", "/", "", "\0", "a\nb", "x" * 300])
values = st.recursive(
    st.none() | st.integers() | st.text(max_size=5) | names,
    lambda i: st.lists(i, max_size=3) | st.dictionaries(st.text(max_size=3), i, max_size=2),
    max_leaves=5,
)
entries = st.fixed_dictionaries(
    {"title": st.text(max_size=5), "recipes": st.lists(names | values, max_size=4)},
    optional={
        "tables": st.lists(names | values, max_size=3), "figure": names, "source": values,
        "seeds": st.dictionaries(st.sampled_from(["smoke", "short", "full", "long"]), values),
    },
)  # fmt: skip


@given(entries | st.dictionaries(st.sampled_from([*study.KEYS, "name"]), values))
def test_any_mapping_is_a_study_or_one_line_of_error(tmp_path_factory, mapping):
    path = tmp_path_factory.getbasetemp() / "any.yaml"
    path.write_text(yaml.safe_dump(mapping))
    read, _ = read_or_refused(study.load, str(path))
    if read:
        assert read.recipes
        assert set(read.seeds) <= {"smoke", "short", "full"}


def test_a_recipe_beside_the_study_goes_first_and_keeps_its_own_more_seeds(tmp_path):
    (tmp_path / "xor.yaml").write_text(OWN)  # the name of a study that comes with dlbench
    (tmp_path / "few.yaml").write_text(OWN.replace("5", "1") + "data: {function: or}\n")
    found = load(tmp_path, "title: t\nrecipes: [xor, few.yaml, perceptron]\nseeds: {short: 3}")
    assert found.recipes == (str(tmp_path / "xor.yaml"), str(tmp_path / "few.yaml"), "perceptron")
    path = tmp_path / "mine.yaml"
    path.write_text(path.read_text().replace(", perceptron", ""))
    planned = [trial.recipe.name for trial in plan.trials([str(path)], device="cpu")]
    assert (planned.count("xor"), planned.count("few")) == (5, 3)


def test_a_folder_of_ones_own_called_studies_holds_recipes_as_well(tmp_path):
    (tmp_path / "studies").mkdir()
    own = tmp_path / "studies" / "own.yaml"
    own.write_text(OWN)
    assert not catalog.is_study(catalog.find(str(own)))
    assert catalog.is_study(catalog.find("xor"))
    assert recipe.load(str(own)).title == "my own"


def test_a_file_in_the_current_folder_is_suggested(tmp_path):
    (tmp_path / "mine.yaml").write_text(OWN)
    with pytest.raises(InputError, match=r"unknown recipe or study 'mine' \(did you mean '\./mine\.yaml'\?\)"):
        catalog.find("mine")
    assert catalog.find("./mine.yaml").file.read_text() == OWN


@pytest.mark.parametrize("name", [".", "..", "./", "own", "own/", "own.yaml"])
def test_a_folder_is_called_a_folder(tmp_path, name):
    (tmp_path / "own").mkdir()
    (tmp_path / "own.yaml").mkdir()
    with pytest.raises(InputError, match="a folder; name a recipe"):
        catalog.find(name)


@pytest.mark.parametrize("name", ["", "a" * 5000, "./" + "a" * 5000, "a\0b.yaml"])
def test_a_name_no_file_can_have_is_unknown(name):
    with pytest.raises(InputError, match=r"unknown recipe|no such file"):
        catalog.find(name)


def test_what_is_piped_is_listed_without_rich():
    code = (
        "import sys; from dlbench.cli import list as listing\n"
        "listing.show(''); listing.show('models'); print('rich' in sys.modules)"
    )
    listed = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    ).stdout.splitlines()
    assert listed[-1] == "False"
    assert {"xor", "mlp-xor", "resnet"} <= {line.split("\t")[0] for line in listed}
