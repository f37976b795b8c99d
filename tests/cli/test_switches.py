"""The switches of `run` and `time` as a user gives them: each is in the run's identity and a row of its own."""

import subprocess
import sys

import pandas as pd
import pytest

from dlbench.records import store
from dlbench.report import usual
from dlbench.spec import execution

SMALL = ["--set", "training.epochs=1", "--set", "data.train_examples=100", "--threads", "1", "--device", "cpu"]
RUN = ["run", "lenet-digits", "--seeds", "0", *SMALL]


def dlbench(*arguments):
    command = [sys.executable, "-m", "dlbench", *arguments]
    return subprocess.run(command, capture_output=True, text=True, env=None)


@pytest.mark.slow
def test_each_switch_is_a_run_and_a_row_of_its_own(tmp_path):
    for more in ([], ["--input", "loader", "--workers", "1"], ["--optimizer", "foreach"], ["--deterministic"]):
        ended = dlbench(*RUN, *more)
        assert ended.returncode == 0, ended.stderr
        assert "skipped" not in ended.stderr
    runs = store.load(tmp_path / "results")
    assert sorted(runs["input"] + runs["optimizer"] + runs["deterministic"].astype(str)) == [
        "loaderautoFalse", "residentautoFalse", "residentautoTrue", "residentforeachFalse",
    ]  # fmt: skip
    assert runs["weights_digest"].nunique() < 4  # a loader, and determinism on a CPU, change no bit
    table = dlbench("report", "hardware", "lenet-digits", "--format", "csv").stdout
    for label in ("optimizer foreach", "input loader", "deterministic on"):
        assert label in table


@pytest.mark.slow
def test_time_names_the_switches_in_its_table(tmp_path):
    fast = ["--repeats", "1", "--min-seconds", "0.2", "--threads", "1", "--device", "cpu"]
    ended = dlbench("time", "lenet-digits", *fast, "--input", "loader", "--optimizer", "loop", "--notes")
    assert ended.returncode == 0, ended.stderr
    assert "optimizer loop" in ended.stdout
    assert "input loader" in ended.stdout


@pytest.mark.parametrize(
    ("more", "message"),
    [
        (["--workers", "2"], "--workers 2: data that lie on the device need none; take --input loader"),
        (["--compile-mode", "max-autotune"], "--compile-mode max-autotune: only with --compile"),
    ],
)
def test_a_switch_that_does_nothing_is_refused_in_a_line(more, message):
    ended = dlbench(*RUN, *more)
    assert ended.returncode == 2
    assert ended.stderr.count("\n") == 1
    assert message in ended.stderr


def test_no_setting_is_taken_for_a_metric(run):
    runs = pd.DataFrame([run(**execution.USUAL, threads=2)])
    assert not set(usual.metrics(runs)) & set(execution.SETTINGS)
