import contextlib
from collections import Counter
from dataclasses import replace
from pathlib import Path

import own
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dlbench.errors import InputError
from dlbench.spec.execution import Execution
from dlbench.trials import plan, sites


@given(st.lists(st.integers(0, 999), min_size=1, max_size=9, unique=True))
def test_a_list_of_seeds_reads_back(seeds):
    assert plan.parse_seeds(",".join(map(str, seeds))) == seeds


@given(st.integers(0, 999), st.integers(0, 50))
def test_a_range_of_seeds_has_both_ends(first, more):
    assert plan.parse_seeds(f"{first}-{first + more}") == list(range(first, first + more + 1))


@given(st.text())
def test_any_text_is_seeds_or_one_line_of_error(text):
    with contextlib.suppress(InputError):
        seeds = plan.parse_seeds(text)
        assert seeds
        assert len(set(seeds)) == len(seeds)


@pytest.mark.parametrize("text", ["", "x", "1-", "3-1", "1..3", "-1", "0-999999999", "1,,2"])
def test_bad_seeds_are_named(text):
    with pytest.raises(InputError, match="--seeds"):
        plan.parse_seeds(text)


def test_a_study_is_its_recipes_times_their_seeds():
    trials = plan.trials(["xor"], device="cpu")
    by_recipe = {}
    for trial in trials:
        by_recipe.setdefault(trial.recipe.name, []).append(trial.seed)
    assert by_recipe["mlp-xor"] == list(range(100))
    assert by_recipe["perceptron-xor"] == list(range(10))
    assert [t.recipe.name for t in plan.trials(["degradation"], device="cpu", seeds=[7])] == [
        "plain-20", "plain-56", "resnet-20", "resnet-56",
    ]  # fmt: skip


def test_what_two_names_share_runs_once():
    once, twice = plan.trials(["xor"], device="cpu"), plan.trials(["xor", "mlp-xor", "xor"], device="cpu")
    assert [t.digest for t in once] == [t.digest for t in twice]


def test_a_trial_survives_the_way_to_its_worker():
    trial = plan.trials(["lenet-digits"], device="cpu", budget="smoke", seeds=[3])[0]
    again = plan.from_dict(trial.as_dict())
    assert again.digest == trial.digest
    assert again.path(Path("out")) == trial.path(Path("out"))
    assert str(trial.path(Path("out"))).startswith("out/lenet-digits/smoke-seed3-cpu-")


def test_trials_that_compute_something_else_have_another_file():
    one = plan.trials(["lenet-digits"], device="cpu", seeds=[0])[0]
    for changed in (
        plan.trials(["lenet-digits"], device="cpu", seeds=[1])[0],
        plan.trials(["lenet-digits"], device="cpu", seeds=[0], settings=["training.lr=0.01"])[0],
        plan.trials(["lenet-digits"], device="cpu", seeds=[0], budget="smoke")[0],
    ):
        assert changed.path(Path()) != one.path(Path())


def test_nothing_is_planned_if_any_name_or_part_is_wrong():
    with pytest.raises(InputError, match="unknown recipe"):
        plan.trials(["lenet-digits", "nope"], device="cpu")
    with pytest.raises(InputError, match="unknown key 'lrr'"):
        plan.trials(["lenet-digits"], device="cpu", settings=["training.lrr=1"])


def test_a_model_of_ones_own_that_was_edited_is_another_trial(tmp_path):
    recipe = own.write(tmp_path, "plain")
    before = plan.trials([recipe], device="cpu")[0]
    assert plan.trials([recipe], device="cpu")[0].digest == before.digest
    (tmp_path / "nets.py").write_text(own.NETS + "# a comment decides nothing")
    assert plan.trials([recipe], device="cpu")[0].digest == before.digest
    (tmp_path / "nets.py").write_text(own.NETS.replace("nn.Flatten()", "nn.Flatten(1)"))
    assert plan.trials([recipe], device="cpu")[0].digest != before.digest


@pytest.mark.parametrize("seeds", [["a"], [0.5], [-1], range(200_000)])
def test_seeds_from_python_are_checked_too(seeds):
    with pytest.raises(InputError, match="seeds"):
        plan.trials(["lenet-digits"], device="cpu", seeds=seeds)


def test_a_setting_of_later_versions_leaves_the_identity_of_older_trials_alone():
    usual = Execution("cpu", 2)
    assert usual.identity == {"device": "cpu", "threads": 2, "channels_last": True}
    assert Execution("cpu", 2, precision="bf16").identity == {**usual.identity, "precision": "bf16"}
    assert Execution("cpu", 2, jobs=2).identity == {**usual.identity, "jobs": 2}


def test_trials_at_once_share_the_cores_and_are_told_from_those_alone(monkeypatch):
    monkeypatch.setattr(plan.machine, "cores", lambda: 5)
    [alone], [beside] = (plan.trials(["mlp-xor"], device="cpu", seeds=[0], jobs=jobs) for jobs in (1, 2))
    assert (alone.execution.threads, beside.execution.threads) == (5, 2)
    assert alone.path(Path()) != beside.path(Path())
    [crowded] = plan.trials(["mlp-xor"], device="cpu", seeds=[0], jobs=9)
    assert crowded.execution.threads == 1
    [chosen] = plan.trials(["mlp-xor"], device="cpu", seeds=[0], jobs=2, threads=5)
    assert chosen.execution == replace(alone.execution, jobs=2)
    with pytest.raises(InputError, match="at least 1"):
        plan.trials(["mlp-xor"], device="cpu", jobs=0)


def test_a_trial_kept_before_there_were_jobs_is_still_the_same():
    [chosen] = plan.trials(["mlp-xor"], device="cpu", seeds=[0])
    kept = chosen.as_dict()
    assert kept["execution"].pop("jobs") == 1
    assert plan.from_dict(kept).digest == chosen.digest


def test_a_recipe_asks_for_a_precision_and_the_user_has_the_last_word(tmp_path, monkeypatch):
    monkeypatch.setattr(sites, "automatic", lambda device: "bf16")
    path = tmp_path / "mine.yaml"
    path.write_text("extends: lenet-digits\ntitle: mine\nprecision: auto\n")

    def precision(asked):
        return plan.trials([str(path)], device="cpu", seeds=[0], precision=asked)[0].execution.precision

    assert (precision(None), precision("fp32"), precision("auto")) == ("bf16", "fp32", "bf16")
    assert plan.trials(["lenet-digits"], device="cpu", seeds=[0])[0].execution.precision == "fp32"


def test_a_study_runs_at_the_budgets_it_has_and_a_recipe_at_those_it_takes_part_in():
    medium = plan.trials(["degradation"], device="cpu", budget="medium")
    seeds = Counter(trial.recipe.name for trial in medium)
    assert seeds["plain-56"] == seeds["resnet-20"] == 5
    assert seeds["plain-32"] == 1
    assert seeds["plain-110"] == 0
    assert plan.trials(["degradation"], device="cpu", budget="full", seeds=[0])[4].recipe.name == "plain-110"
    with pytest.raises(InputError, match="gates: has no medium budget"):
        plan.trials(["gates"], device="cpu", budget="medium")
    assert {trial.recipe.name for trial in medium} <= {
        trial.recipe.name for trial in plan.trials(["lecture"], device="cpu", budget="medium")
    }
