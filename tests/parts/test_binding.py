import pytest

from dlbench import parts
from dlbench.errors import InputError
from dlbench.spec import recipe
from dlbench.trials import plan

GOOD = """
title: mine
data: {name: digits}
model: {name: lenet5}
training: {name: sgd, lr: 0.1, batch_size: 8, steps: 2}
score: {name: classification_error}
"""


def checked(tmp_path, text):
    path = tmp_path / "mine.yaml"
    path.write_text(text)
    parts.check(recipe.load(str(path)))
    return recipe.load(str(path))


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("lr: 0.1", "lrr: 0.1", "training: unknown key 'lrr' (did you mean 'lr'?)"),
        ("lr: 0.1", "lr: fast", "training: lr: Input should be a valid number, not 'fast'"),
        ("lr: 0.1, ", "", "training: sgd needs 'lr'"),
        ("steps: 2", "steps: 2.5", "training: steps"),
        ("steps: 2", "steps: true", "training: steps"),
        ("name: lenet5", "name: lenet6", "did you mean 'lenet5'"),
        ("name: lenet5", "name: lenet5, activation: tan", "did you mean 'tanh'"),
        ("name: lenet5", "name: nowhere.at.all", "'nowhere.at.all' cannot be imported"),
        ("name: lenet5", "name: math.lenet", "module 'math' has no function 'lenet'"),
        ("name: sgd", "name: step", "training: no training is called 'step'"),
        ("name: classification_error", "name: error_rate", "classification_error, "),
    ],
)
def test_a_bad_part_names_file_key_and_near_miss(tmp_path, old, new, words):
    with pytest.raises(InputError) as caught:
        checked(tmp_path, GOOD.replace(old, new))
    assert words in str(caught.value)
    assert "mine.yaml" in str(caught.value)


def test_a_name_is_a_file_is_a_function(tmp_path):
    model = parts.bind("model", checked(tmp_path, GOOD))()
    assert type(model).__module__ == "dlbench.models.lenet5"


def test_a_model_of_ones_own_lies_beside_the_recipe(tmp_path):
    folder = tmp_path / "elsewhere"
    (folder / "mylab").mkdir(parents=True)
    (folder / "mylab" / "nets.py").write_text(
        "from torch import nn\ndef wide(*, width: int) -> nn.Module:\n    return nn.Linear(64, width)\n"
    )
    path = folder / "own.yaml"
    path.write_text(GOOD.replace("name: lenet5", "name: mylab.nets.wide, width: 10"))
    assert parts.bind("model", recipe.load(str(path)))().out_features == 10
    path.write_text(GOOD.replace("name: lenet5", "name: mylab.nets.wide, with: 10"))
    with pytest.raises(InputError, match="did you mean 'width'"):
        parts.check(recipe.load(str(path)))


def test_every_part_is_listed_and_no_helper_is():
    assert {"sgd", "perceptron_rule", "linear_svm"} <= set(parts.names("training"))
    assert not {"step", "copies"} & set(parts.names("training"))
    assert {"mnist", "cifar10", "digits"} <= set(parts.names("data"))
    assert not {"dataset", "augment", "sources"} & set(parts.names("data"))
    assert {"classification_error", "linear_probes"} <= set(parts.names("score"))
    assert not {"listening", "evaluation"} & set(parts.names("score"))


@pytest.mark.parametrize(
    ("module", "words"),
    [
        ("def net(:\n", "SyntaxError: invalid syntax (TMP/MODULE.py:1)"),
        ("\n\nx = 1 / 0\n", "ZeroDivisionError: division by zero (TMP/MODULE.py:3)"),
        ("import no_such_thing\n", "No module named 'no_such_thing' (TMP/MODULE.py:1)"),
        ("raise ValueError('two\\nlines')\n", "ValueError: two lines (TMP/MODULE.py:1)"),
        ("import sys\nsys.exit(4)\n", "SystemExit: 4 (TMP/MODULE.py:2)"),
        ("net = 7\n", "'MODULE.net' is no function but a int"),
        ("def net(*, width: 'Unknown'): ...\n", "name 'Unknown' is not defined"),
        ("from math import hypot as net\n", "signature of 'MODULE.net' cannot be read"),
    ],
)
def test_a_module_of_ones_own_that_fails_is_one_line_with_its_place(tmp_path, request, module, words):
    name = f"own_{abs(hash(request.node.name))}"  # modules stay imported from one test to the next
    (tmp_path / f"{name}.py").write_text(module)
    with pytest.raises(InputError) as caught:
        checked(tmp_path, GOOD.replace("name: lenet5", f"name: {name}.net"))
    assert words.replace("TMP", str(tmp_path)).replace("MODULE", name) in str(caught.value)
    assert str(caught.value).startswith(f"{tmp_path / 'mine.yaml'}: model: ")
    assert "\n" not in str(caught.value)


def test_a_class_is_checked_by_what_its_constructor_takes(tmp_path):
    (tmp_path / "own_class.py").write_text("class Net:\n    def __init__(self, *, width: int): self.width = width\n")
    wide = GOOD.replace("name: lenet5", "name: own_class.Net, width: 3")
    assert parts.bind("model", checked(tmp_path, wide))().width == 3
    with pytest.raises(InputError, match="width: Input should be a valid integer, not 'x'"):
        checked(tmp_path, wide.replace("3", "x"))


def test_a_signature_is_read_once_however_many_seeds_ask(tmp_path):
    found = checked(tmp_path, GOOD)
    before = parts.keywords.cache_info().misses
    for _ in range(3):
        parts.bind("model", found)
    assert parts.keywords.cache_info().misses == before


def test_modules_of_one_name_in_two_folders_stay_apart(tmp_path):
    for folder, width in (("a", 10), ("b", 11)):
        (tmp_path / folder).mkdir()
        text = f"from torch import nn\ndef net() -> nn.Module:\n    return nn.Linear(64, {width})\n"
        (tmp_path / folder / "twins.py").write_text(text)
        (tmp_path / folder / "own.yaml").write_text(GOOD.replace("name: lenet5", "name: twins.net"))
    for folder, width in (("a", 10), ("b", 11), ("a", 10)):
        found = recipe.load(str(tmp_path / folder / "own.yaml"))
        assert parts.bind("model", found)().out_features == width


def test_a_keyword_written_meanwhile_is_known_in_the_same_process(tmp_path):
    """As in a notebook, whose kernel goes on; the helper that a module imports is read anew as well."""
    (tmp_path / "blocks.py").write_text("OUT = 10\n")
    text = (
        "from torch import nn\nimport blocks\ndef wide(*, width: int) -> nn.Module:\n    return nn.Linear(64, width)\n"
    )
    (tmp_path / "nets.py").write_text(text)
    path = tmp_path / "own.yaml"
    path.write_text(GOOD.replace("name: lenet5", "name: nets.wide, width: 10"))
    plan.trials([str(path)], device="cpu")
    path.write_text(GOOD.replace("name: lenet5", "name: nets.wide, width: 10, deep: true"))
    with pytest.raises(InputError, match="unknown key 'deep'"):
        plan.trials([str(path)], device="cpu")
    text = text.replace("width: int", "width: int, deep: bool").replace("nn.Linear(64, width)", "blocks.OUT")
    (tmp_path / "nets.py").write_text(text)
    (tmp_path / "blocks.py").write_text("OUT = 11\n")
    [trial] = plan.trials([str(path)], device="cpu")
    assert parts.bind("model", trial.recipe)() == 11
