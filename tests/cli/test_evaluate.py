"""Weights that stay: `run --keep-weights` writes them, `evaluate` scores them and gets the recorded errors again."""

import json
import subprocess
import sys

import onnx
import own
import pytest
from safetensors import safe_open

from dlbench.records import store

SMALL = ["--set", "training.epochs=1", "--set", "data.train_examples=100", "--threads", "1", "--device", "cpu"]


def dlbench(*arguments):
    command = [sys.executable, "-m", "dlbench", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True)


@pytest.fixture(scope="module")
def kept(tmp_path_factory):
    """The folder of two runs that kept their weights."""
    folder = tmp_path_factory.mktemp("kept")
    run = dlbench("run", "lenet-digits", "--seeds", "0-1", *SMALL, "--keep-weights", "--out", folder)
    assert run.returncode == 0, run.stderr
    return folder


def files(folder, recipe="lenet-digits"):
    return sorted((folder / recipe).glob("*.jsonl"))


def test_the_weights_are_those_that_the_run_s_digest_is_of(kept):
    for path in files(kept):
        with safe_open(path.with_suffix(".safetensors"), "pt") as weights:
            [end] = [event for event in store.events_of(path) if event.kind == "end"]
            assert weights.metadata() == {"weights_digest": end.weights_digest, "run": path.name}
            assert sum(weights.get_tensor(name).numel() for name in weights.keys()) == 61706  # noqa: SIM118


def test_they_give_the_recorded_scores_to_the_last_digit(kept):
    for path in files(kept):
        ended = dlbench("evaluate", path, "--json")
        assert ended.returncode == 0, ended.stderr
        [table] = json.loads(ended.stdout)
        final = [event for event in store.events_of(path) if event.kind == "score" and event.final][-1].metrics
        assert {row["metric"]: row["here"] for row in table["rows"]} == final
        assert all(row["here"] == row["recorded"] for row in table["rows"])


def test_on_a_recipe_they_are_weights_like_any_others(kept):
    """All test examples are those of the run, which learnt from fewer."""
    run = files(kept)[0]
    assert dlbench("evaluate", "lenet-digits").returncode == 2
    ended = dlbench("evaluate", "lenet-digits", "--weights", run.with_suffix(".safetensors"), *SMALL[4:], "--json")
    assert ended.returncode == 0, ended.stderr
    here = {row["metric"]: row["here"] for row in json.loads(ended.stdout)[0]["rows"]}
    final = [event for event in store.events_of(run) if event.kind == "score" and event.final][-1].metrics
    assert here["test_error_percent"] == final["test_error_percent"]


@pytest.mark.slow
def test_other_weights_give_other_scores_and_exit_1(kept):
    first, second = files(kept)
    ended = dlbench("evaluate", first, "--weights", second.with_suffix(".safetensors"))
    assert ended.returncode == 1
    assert "Different from the record: " in ended.stdout


@pytest.mark.slow
def test_a_run_that_kept_none_is_run_again_and_one_that_kept_them_is_not(tmp_path):
    command = ["run", "lenet-digits", "--seeds", "0", *SMALL]
    assert dlbench(*command).returncode == 0
    [path] = files(tmp_path / "results")
    assert not path.with_suffix(".safetensors").exists()
    again = dlbench(*command, "--keep-weights")
    assert "its weights were not kept" in again.stderr
    assert path.with_suffix(".safetensors").exists()
    assert "skipped, finished before" in dlbench(*command, "--keep-weights").stderr


@pytest.mark.slow
def test_seeds_that_learn_together_each_keep_their_own(tmp_path):
    command = ["run", "mlp-xor", "--seeds", "0-2", "--budget", "smoke", "--device", "cpu", "--keep-weights"]
    assert dlbench(*command).returncode == 0
    runs = files(tmp_path / "results", "mlp-xor")
    assert len(runs) == 3
    for path in runs:
        with safe_open(path.with_suffix(".safetensors"), "pt") as weights:
            [end] = [event for event in store.events_of(path) if event.kind == "end"]
            assert weights.metadata()["weights_digest"] == end.weights_digest


@pytest.mark.parametrize(
    ("content", "message"),
    [(None, "no such file; `dlbench run --keep-weights` writes it"), (b"not weights", "no weights can be read")],
)
def test_what_is_no_file_of_weights_is_said_in_a_line(kept, tmp_path, content, message):
    if content is not None:
        (tmp_path / "w.safetensors").write_bytes(content)
    ended = dlbench("evaluate", files(kept)[0], "--weights", "w.safetensors")
    assert ended.returncode == 2
    assert ended.stderr.count("\n") == 1
    assert message in ended.stderr


@pytest.mark.slow
def test_weights_of_another_architecture_are_refused(kept, tmp_path):
    run = ["run", "mlp-xor", "--seeds", "0", "--budget", "smoke", "--device", "cpu", "--keep-weights"]
    assert dlbench(*run).returncode == 0
    [other] = files(tmp_path / "results", "mlp-xor")
    ended = dlbench("evaluate", files(kept)[0], "--weights", other.with_suffix(".safetensors"))
    assert ended.returncode == 2
    assert ended.stderr.count("\n") == 1
    assert "weights of another model" in ended.stderr


@pytest.mark.slow
def test_on_other_data_they_are_scored_and_compared_with_nothing(kept, real_data, monkeypatch):
    monkeypatch.setenv("DLBENCH_DATA", str(real_data))
    assert dlbench("evaluate", files(kept)[0], "--data", "[mnist]").returncode == 2
    too_small = dlbench("evaluate", files(kept)[0], "--data", "mnist")
    assert (too_small.returncode, too_small.stderr.count("\n")) == (3, 1)
    assert "failed: RuntimeError: " in too_small.stderr
    ended = dlbench("evaluate", files(kept)[0], "--data", "{name: mnist, size: 32}", "--json")
    assert ended.returncode == 0, ended.stderr
    [table] = json.loads(ended.stdout)
    assert 50 < {row["metric"]: row["here"] for row in table["rows"]}["test_error_percent"] <= 100
    assert all("recorded" not in row or row["recorded"] is None for row in table["rows"])
    assert "On {name: mnist, size: 32}, not on the run's own data." in table["notes"]


@pytest.mark.slow
def test_a_run_leaves_as_an_onnx_file_that_says_what_it_is(kept):
    run = files(kept)[0]
    ended = dlbench("export", run, "--to", "onnx", "net.onnx")
    assert ended.returncode == 0, ended.stderr
    assert "away from torch's on 256 test examples" in ended.stdout
    about = {prop.key: prop.value for prop in onnx.load("net.onnx").metadata_props}
    assert (about["recipe"], about["weights"]) == ("lenet-digits", run.with_suffix(".safetensors").name)


@pytest.mark.slow
def test_a_model_that_no_onnx_file_can_hold_leaves_none(tmp_path):
    recipe = own.write(tmp_path, "plain").replace("plain.yaml", "fickle.yaml")
    (tmp_path / "fickle.yaml").write_text(own.RECIPE.replace("NAME", "fickle"))
    with (tmp_path / "nets.py").open("a") as module:
        module.write(
            "\n\nclass Fickle(nn.Sequential):\n    def forward(self, x):\n"
            "        return super().forward(x if x.sum() > 0 else -x)\n\n\n"
            "def fickle() -> nn.Module:\n    return Fickle(nn.Flatten(), nn.Linear(64, 10))\n"
        )
    assert dlbench("run", recipe, "--seeds", "0", "--threads", "1", "--device", "cpu", "--keep-weights").returncode == 0
    [run] = files(tmp_path / "results", "fickle")
    ended = dlbench("export", run, "--to", "onnx", "net.onnx")
    assert (ended.returncode, ended.stderr.count("\n")) == (2, 1)
    assert "nets.fickle of fickle: cannot become an ONNX file" in ended.stderr
    assert not (tmp_path / "net.onnx").exists()


@pytest.mark.slow
@pytest.mark.parametrize("recipe", ["svm-poly", "mlp-xor"])
def test_support_vectors_and_seeds_taught_together_score_as_they_did(tmp_path, recipe, real_data, monkeypatch):
    monkeypatch.setenv("DLBENCH_DATA", str(real_data))
    run = ["run", recipe, "--seeds", "0", "--budget", "smoke", "--device", "cpu", "--threads", "1", "--keep-weights"]
    assert dlbench(*run).returncode == 0
    ended = dlbench("evaluate", files(tmp_path / "results", recipe)[0])
    assert (ended.returncode, ended.stderr) == (0, "")
