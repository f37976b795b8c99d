"""On submitit's own stand-in for SLURM, which runs jobs as processes of this machine."""

import os
import signal
from pathlib import Path

import psutil
import pytest
from faults import suite
from trials.launchers import nodes
from trials.launchers.nodes import dlbench, ended, until

from dlbench import exits
from dlbench.records import store
from dlbench.trials import plan
from dlbench.trials.workers import checkpoint_file

pytest.importorskip("submitit")
pytestmark = pytest.mark.slow
HERE = ("--on", "slurm", "--slurm", "cluster=local")
ONCE = ("--device", "cpu", "--threads", "1", "--jobs", "1")


@pytest.fixture(autouse=True)
def _a_checkpoint_at_every_lap(monkeypatch):
    monkeypatch.setenv("DLBENCH_CHECKPOINT_SECONDS", "0")


def the_trial(recipe):
    [trial] = plan.trials([recipe], device="cpu", seeds=[0], threads=1)
    return trial, trial.path(Path("results"))


def test_one_that_fails_costs_itself_alone_and_nothing_but_runs_is_left(tmp_path):
    recipe, failing = nodes.write(tmp_path), nodes.write_failing(tmp_path)
    code, said = ended(dlbench("run", failing, recipe, "--seeds", "0", *ONCE, *HERE))
    assert code == exits.FAILED
    assert "2 trials: 1 failed, 1 finished" in said
    trial, path = the_trial(recipe)
    suite.learn([trial], tmp_path / "home")
    assert suite.results(path) == suite.results(trial.path(tmp_path / "home"))
    assert {file.suffix for file in Path("results").rglob("*") if file.is_file()} == {".jsonl"}
    assert not Path("results", ".slurm").exists()


def test_ctrl_c_ends_what_runs_and_the_same_call_goes_on_even_if_its_job_is_taken_away(tmp_path):
    recipe = nodes.write(tmp_path, seconds=0.3)
    trial, path = the_trial(recipe)
    running = dlbench("run", recipe, *ONCE, *HERE)
    until(lambda: running.poll() is not None or (checkpoint_file.steps(path) or 0) >= 2)
    os.kill(running.pid, signal.SIGINT)
    family = psutil.Process(running.pid).children(recursive=True)
    code, said = ended(running, 60)
    assert code == exits.INTERRUPTED, said
    assert store.status(path) == "interrupted"
    assert not psutil.wait_procs(family, timeout=60)[1]

    running = dlbench("run", recipe, *ONCE, *HERE)
    steps = checkpoint_file.steps(path)
    until(lambda: running.poll() is not None or (checkpoint_file.steps(path) or 0) > steps)
    [job] = nodes.running(psutil.Process(running.pid), "submitit.core._submit")
    job.send_signal(signal.SIGUSR2)  # as SLURM does before it takes a node away
    code, said = ended(running)
    assert code == 0, said
    kinds = [event["event"] for event in suite.events(path)]
    assert (kinds.count("start"), kinds.count("resumed"), kinds.count("end")) == (1, 2, 1)
    suite.learn([trial], tmp_path / "home")
    assert suite.results(path) == suite.results(trial.path(tmp_path / "home"))


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (["--on", "slurm", "--slurm", "cluster=moon"], "doesn't know any executor named moon"),
        ([*HERE, "--slurm", "parition=gpu"], "Unknown argument 'parition'"),
        ([*HERE, "--slurm", "partition"], "--slurm partition: write KEY=VALUE"),
        (["--slurm", "partition=gpu"], "--slurm: only with --on slurm"),
    ],
)
def test_what_slurm_cannot_do_is_refused_in_a_line(words, line):
    code, said = ended(dlbench("run", "mlp-xor", *words))
    assert code == exits.USAGE
    assert line in said
    assert len(said.splitlines()) == 1
    assert not Path("results").exists()
