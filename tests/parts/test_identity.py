"""What decides a result, and what does not."""

import shutil
import sys
from dataclasses import replace
from pathlib import Path

import pytest

import dlbench
from dlbench import parts
from dlbench.errors import InputError
from dlbench.parts import identity, modules
from dlbench.records import store
from dlbench.spec import recipe
from dlbench.trials import plan

RECIPE = """
title: mine
data: {name: digits, size: 8}
model: {name: mynets.net}
training: {name: sgd, lr: 0.1, batch_size: 8, steps: 2}
score: {name: classification_error}
"""
NET = "from torch import nn\ndef net() -> nn.Module:\n    return nn.Linear(64, 10)\n"


def write(folder, **files):
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in files.items():
        path = folder / f"{name.replace('__', '/')}.py"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


def mine(folder, text=RECIPE, **files):
    """The identity of a recipe with these modules beside it."""
    write(folder, **files)
    (folder / "mine.yaml").write_text(text)
    [trial] = plan.trials([str(folder / "mine.yaml")], device="cpu", seeds=[0], threads=1)
    return trial.code


def own(found):
    return {name for name in found.files if not name.startswith("dlbench/")}


@pytest.mark.parametrize(
    ("nets", "blocks", "also"),
    [
        ("import blocks\n" + NET, "A = 1\n", set()),
        ("from blocks import *\n" + NET, "A = 1\n", set()),
        ("from torch import nn\ndef net() -> nn.Module:\n    import blocks\n    return nn.Linear(64, 10)\n", "", set()),
        ("import importlib\nblocks = importlib.import_module('blocks')\n" + NET, "A = 1\n", set()),
        (
            "from torch import nn\nimport blocks\n@blocks.wrapped\ndef net() -> nn.Module: return nn.Linear(64, 10)\n",
            "import functools\ndef wrapped(f):\n    @functools.wraps(f)\n    def g(): return f()\n    return g\n",
            set(),
        ),
        ("import functools, blocks\nnet = functools.partial(blocks.net)\n", NET, set()),
        ("import blocks\nclass Maker:\n    def __call__(self): return blocks.net()\nnet = Maker()\n", NET, set()),
        ("from blocks import net\n", NET, set()),
    ],
)
def test_all_that_a_part_imports_counts_however_the_part_is_made(tmp_path, nets, blocks, also):
    before = mine(tmp_path, mynets=nets, blocks=blocks)
    assert own(before) == {"mynets.py", "blocks.py"}
    after = mine(tmp_path, mynets=nets, blocks=blocks + "B = 2\n")
    assert after.files["blocks.py"] != before.files["blocks.py"]
    assert after.digest != before.digest


def test_packages_and_relative_imports(tmp_path):
    text = RECIPE.replace("mynets.net", "lab.nets.net")
    (tmp_path / "lab" / "deep").mkdir(parents=True)
    (tmp_path / "lab" / "__init__.py").write_text("")
    (tmp_path / "lab" / "nets.py").write_text("from . import blocks\nfrom .deep.more import x\n" + NET)
    (tmp_path / "lab" / "deep" / "more.py").write_text("from ..other import y\nx = y\n")
    found = mine(tmp_path, text, lab__blocks="", lab__other="y = 1\n")
    assert own(found) == {"lab/__init__.py", "lab/nets.py", "lab/blocks.py", "lab/deep/more.py", "lab/other.py"}


def test_a_module_that_imports_itself_in_a_circle_counts_once(tmp_path):
    found = mine(tmp_path, mynets="import blocks\n" + NET, blocks="import mynets\n")
    assert own(found) == {"mynets.py", "blocks.py"}


def test_comments_docstrings_and_formatting_decide_nothing(tmp_path):
    before = mine(tmp_path, mynets=NET)
    other = '"""Nets."""\nfrom torch import (\n    nn,\n)\n\n\ndef net() -> nn.Module:\n'
    other += '    """One layer."""\n    return nn.Linear(64, 10)  # sic\n'
    assert mine(tmp_path, mynets=other).digest == before.digest
    assert mine(tmp_path, mynets=other.replace("10", "10, False")).digest != before.digest


def test_an_edit_of_the_same_size_in_the_same_second_is_seen(tmp_path):
    loaded = []
    for number in (1, 2, 3):
        mine(tmp_path, mynets="import blocks\n" + NET, blocks=f"A = {number}\n")
        loaded.append(sys.modules["blocks"].A)
    assert loaded == [1, 2, 3]
    assert not list(tmp_path.rglob("*.pyc"))


def test_what_is_hashed_is_what_runs_though_the_file_has_changed(tmp_path):
    write(tmp_path, mynets="def net():\n    import blocks\n    return blocks.A\n", blocks="A = 1\n")
    (tmp_path / "mine.yaml").write_text(RECIPE)
    found = recipe.load(str(tmp_path / "mine.yaml"))
    before = identity.of(found)
    write(tmp_path, blocks="A = 2\n")
    with modules.importable(tmp_path):
        assert parts.bind("model", found)() == 1
    assert identity.of(found, is_loaded=True) == before


def test_helpers_of_one_name_in_two_folders_stay_apart(tmp_path):
    for folder, number in (("a", 1), ("b", 2)):
        write(tmp_path / folder, mynets="import blocks\ndef net(): return blocks.A\n", blocks=f"A = {number}\n")
        (tmp_path / folder / "mine.yaml").write_text(RECIPE)
    found = [recipe.load(str(tmp_path / folder / "mine.yaml")) for folder in ("a", "b", "a")]
    assert [parts.bind("model", each)() for each in found] == [1, 2, 1]
    digests = [identity.of(each).digest for each in found]
    assert digests[0] == digests[2] != digests[1]


def test_of_dlbench_what_the_parts_use_counts_and_nothing_else():
    [trial] = plan.trials(["lenet-digits"], device="cpu", seeds=[0], threads=1)
    names = {name.removeprefix("dlbench/").removesuffix(".py") for name in trial.code.files}
    assert {"models/lenet5", "data/digits", "training/descent", "scores/classification_error", "trials/setup"} <= names
    assert not {"models/resnet", "data/sources", "data/fetching", "reading", "plan", "trial", "store", "errors"} & names
    assert set(trial.code.versions) == {"torch"}


def test_versions_count_of_packages_that_learn_not_of_those_that_read_data():
    by_name = {
        trial.recipe.name: set(trial.code.versions)
        for trial in plan.trials(["svm-rbf", "lenet-mnist"], device="cpu", seeds=[0], threads=1)
    }
    assert by_name == {"svm-rbf": {"numpy", "scikit-learn", "torch"}, "lenet-mnist": {"torch"}}


def test_an_edit_in_dlbench_makes_stale_what_uses_it(tmp_path, monkeypatch):
    copy = tmp_path / "dlbench"
    shutil.copytree(Path(dlbench.__file__).parent, copy, ignore=shutil.ignore_patterns("__pycache__"))
    monkeypatch.setattr(modules, "PACKAGE", copy)
    identity._of_dlbench.cache_clear()
    digests = []
    for name, old, new in (
        ("models/lenet5.py", "", ""),
        ("models/resnet.py", "import", "import os\nimport"),
        ("models/lenet5.py", '"""', '"""In other words: '),
        ("models/lenet5.py", "nn.Linear(84", "nn.Linear(85"),
    ):
        text = (copy / name).read_text()
        assert old in text
        (copy / name).write_text(text.replace(old, new, 1))
        digests += [trial.code.digest for trial in plan.trials(["lenet-digits"], device="cpu", seeds=[0])]
    identity._of_dlbench.cache_clear()
    assert digests[0] == digests[1] == digests[2] != digests[3]


def test_a_data_file_that_an_argument_names_counts_by_its_content(tmp_path):
    text = RECIPE.replace("{name: digits, size: 8}", "{name: mydata.table, file: points.csv, other: [missing.csv]}")
    data = "def table(folder, *, file: str, other: list[str]): ...\n"
    (tmp_path / "points.csv").write_text("1,2\n")
    before = mine(tmp_path, text, mynets=NET, mydata=data)
    assert set(before.data) == {"points.csv"}
    (tmp_path / "points.csv").write_text("1,3\n")
    assert mine(tmp_path, text, mynets=NET, mydata=data).data != before.data


def test_pictures_are_checked_but_decide_nothing(tmp_path):
    plain = mine(tmp_path, mynets=NET)
    shown = mine(tmp_path, RECIPE + "pictures: {name: mypics.one}\n", mynets=NET, mypics="def one(model, data): ...\n")
    assert shown.digest == plain.digest
    assert set(shown.event()["files"]) - set(plain.event()["files"]) == {"mypics.py"}


def test_the_order_of_a_mapping_counts_where_it_is_inside_an_argument(tmp_path):
    layers = RECIPE.replace("mynets.net", "mynets.net, layers: {conv: 1, fc: 2}")
    other = RECIPE.replace("mynets.net", "mynets.net, layers: {fc: 2, conv: 1}")
    (tmp_path / "one.yaml").write_text(layers)
    (tmp_path / "two.yaml").write_text(other)
    (tmp_path / "three.yaml").write_text(layers.replace("lr: 0.1, batch_size: 8", "batch_size: 8, lr: 0.1"))
    one, two, three = (recipe.load(str(tmp_path / f"{name}.yaml")).digest for name in ("one", "two", "three"))
    assert one == three != two


def test_a_trial_of_0_1_has_its_old_path():
    [trial] = plan.trials(["lenet-digits"], device="cpu", seeds=[0], threads=2)
    kept = replace(trial, fingerprint="d17cb1ae", code=None)
    assert kept.path(Path("results")) != trial.path(Path("results"))
    committed = {file.name for file in store.run_files(Path(__file__).parents[2] / "results", [])}
    assert str(kept.path(Path())) in committed


@pytest.mark.parametrize(("name", "words"), [("types", "a module of Python's own"), ("yaml", "a package in use")])
def test_a_module_with_a_name_that_is_taken_is_refused_in_a_line(tmp_path, name, words):
    with pytest.raises(InputError) as caught:
        mine(tmp_path, RECIPE.replace("mynets", name), **{name: NET})
    assert words in str(caught.value)
    assert f"{tmp_path / name}.py" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_the_base_of_a_recipe_lies_beside_it(tmp_path):
    for folder, lr in ((tmp_path, 0.5), (tmp_path / "proj", 0.25)):
        write(folder, mynets=NET)
        (folder / "base.yaml").write_text(RECIPE.replace("lr: 0.1", f"lr: {lr}"))
    for reference in ("base.yaml", "./base.yaml", "base"):
        (tmp_path / "proj" / "wide.yaml").write_text(f"extends: {reference}\ntitle: wide\n")
        assert recipe.load("proj/wide.yaml").training.arguments["lr"] == 0.25
    (tmp_path / "proj" / "base.yaml").unlink()
    (tmp_path / "proj" / "wide.yaml").write_text("extends: ./base.yaml\ntitle: wide\n")
    with pytest.raises(InputError, match=r"proj/\./base\.yaml: no such file"):
        recipe.load("proj/wide.yaml")


def test_a_link_is_the_recipe_it_leads_to(tmp_path):
    for folder, width in (("real", 10), ("link", 20)):
        write(tmp_path / folder, mynets=NET.replace("10", str(width)))
    (tmp_path / "real" / "mine.yaml").write_text(RECIPE)
    (tmp_path / "link" / "other.yaml").symlink_to("../real/mine.yaml")
    found = recipe.load("link/other.yaml")
    assert (found.name, found.path) == ("mine", (tmp_path / "real" / "mine.yaml").resolve())
    assert parts.bind("model", found)().out_features == 10
    [linked], [real] = (plan.trials([name], device="cpu", seeds=[0]) for name in ("link/other.yaml", "real/mine.yaml"))
    assert linked.digest == real.digest


def test_two_recipes_of_one_name_are_refused(tmp_path):
    for folder in ("a", "b"):
        write(tmp_path / folder, mynets=NET)
        (tmp_path / folder / "net.yaml").write_text(RECIPE)
    (tmp_path / "study.yaml").write_text("title: of itself\nrecipes: [a/net.yaml, b/net.yaml]\n")
    (tmp_path / "lenet-digits.yaml").write_text(RECIPE)
    for names in (["a/net.yaml", "b/net.yaml"], ["./study.yaml"], ["./lenet-digits.yaml", "lenet-digits"]):
        with pytest.raises(InputError, match="has the name of"):
            plan.trials(names, device="cpu")
    assert len(plan.trials(["a/net.yaml", "./a/net.yaml"], device="cpu", seeds=[0])) == 1


def test_packages_that_lie_in_a_folder_of_their_own_are_no_code_of_the_user(tmp_path, monkeypatch):
    place = tmp_path / "target"
    (place / "somebody").mkdir(parents=True)
    (place / "somebody" / "__init__.py").write_text("")
    monkeypatch.syspath_prepend(str(place))
    assert not modules.is_installed(place / "somebody" / "__init__.py")
    modules._holds_packages.cache_clear()
    (place / "somebody-1.0.dist-info").mkdir()
    assert modules.is_installed(place / "somebody" / "__init__.py")
