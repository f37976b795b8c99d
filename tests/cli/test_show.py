import pytest

from dlbench.cli import show
from dlbench.errors import InputError

RECIPE = """
title: mine
data: {name: truth_table, function: xor}
model: {name: MODULE.net}
training: {name: sgd, lr: 0.1, batch_size: 8, steps: 2}
score: {name: classification_error}
"""
UNCOUNTED = """
from torch import nn
class Net(nn.Module):
    input_shape = (1, 8, 8)
    def forward(self, x):
        raise RuntimeError("shapes differ:\\n 3 and 4")
def net():
    return Net()
"""


@pytest.mark.parametrize(
    ("module", "words"),
    [
        ("def net():\n    raise ValueError('no such depth')\n", "ValueError: no such depth (TMP/MODULE.py:2)"),
        (UNCOUNTED, "RuntimeError: shapes differ: 3 and 4 (TMP/MODULE.py:6)"),
        ("def net():\n    return 7\n", "AttributeError"),
    ],
)
def test_a_model_that_cannot_be_built_or_counted_is_one_line(tmp_path, request, module, words):
    name = f"card_{abs(hash(request.node.name))}"
    (tmp_path / f"{name}.py").write_text(module)
    (tmp_path / "mine.yaml").write_text(RECIPE.replace("MODULE", name))
    with pytest.raises(InputError) as caught:
        show.show(str(tmp_path / "mine.yaml"), [])
    assert str(caught.value).startswith(f"{tmp_path / 'mine.yaml'}: model: {name}.net cannot be shown: ")
    assert words.replace("TMP", str(tmp_path)).replace("MODULE", name) in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_model_on_features_says_what_its_multiply_adds_are_of(capsys):
    show.show("hog-svm-cifar", [])
    assert "of the classifier only" in capsys.readouterr().out
    show.show("lenet-digits", [])
    assert "classifier only" not in capsys.readouterr().out


def test_a_study_gives_at_least_so_many_seeds(capsys):
    show.show("degradation", [])
    assert "at least 3 at short, at least 5 at medium, at least 5 at full" in capsys.readouterr().out


def test_a_study_says_of_each_claim_what_would_refute_it(capsys):
    show.show("degradation", [])
    words = " ".join(capsys.readouterr().out.split())
    claim = "A deeper plain net has the higher training error (He et al. 2015, Figure 1) refuted if train_error_percent"
    assert f"{claim} of plain-56 is at most that of plain-20" in words
    show.show("gates", [])
    words = " ".join(capsys.readouterr().out.split())
    assert "fails if train_error_percent of gate-and is more than 0 away from 0, in some run" in words
