"""kill -9 at any moment: the same call skips what is finished, goes on with the rest, and ends in the same weights."""

import os
import random
import signal
import subprocess
import sys
import time

import psutil
import pytest
from faults import suite, whole

from dlbench.records import store

SEEDS = range(3)
KILLS = 30


@pytest.mark.slow
def test_thirty_kills_at_random_moments_change_nothing(tmp_path):
    settings = ["training.steps=60", "curve.points=30"]
    chosen = suite.trials(tmp_path, SEEDS, settings=settings)
    context, draw = whole.context(), random.Random(4)

    def start(folder):
        arguments = (str(tmp_path / "dropout.yaml"), SEEDS, str(tmp_path / folder), settings)
        running = context.Process(target=whole.run, args=arguments)
        running.start()
        return running

    start("warm-up").join()
    began = time.monotonic()
    start("undisturbed").join()
    seconds = time.monotonic() - began
    killed = resumed = 0
    while killed < KILLS:
        running = start("out")
        time.sleep(draw.uniform(0, seconds))
        if running.is_alive():
            running.kill()
            killed += 1
        running.join()
        assert running.exitcode in (0, -signal.SIGKILL)
        if all(store.status(trial.path(tmp_path / "out")) == "finished" for trial in chosen):
            resumed += check(chosen, tmp_path)
    running = start("out")
    running.join()
    assert running.exitcode == 0
    resumed += check(chosen, tmp_path)
    assert resumed > 0


def check(chosen, folder):
    """Every run is as the undisturbed one; then away with them. Returns how often a run was resumed."""
    resumed = 0
    for trial in chosen:
        path = trial.path(folder / "out")
        assert suite.results(path) == suite.results(trial.path(folder / "undisturbed"))
        resumed += sum(event["event"] == "resumed" for event in suite.events(path))
        assert [p.name for p in path.parent.glob(f"{path.stem}*")] == [path.name]
        path.unlink()
    return resumed


def start(recipe, *more):
    command = [sys.executable, "-m", "dlbench", "run", recipe, "--seeds", "0,1", "--threads", "1", *more]
    return subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)


def progress_of(folder):
    return sum(path.stat().st_size for path in folder.rglob("*.jsonl"))


@pytest.mark.slow
def test_the_whole_program_killed_ends_its_worker_and_goes_on_later(tmp_path, monkeypatch):
    monkeypatch.setenv("DLBENCH_CHECKPOINT_SECONDS", "0")
    out, draw = tmp_path / "results", random.Random(5)
    chosen = suite.trials(tmp_path, range(2), settings=["training.steps=1000", "curve.points=100"])
    recipe = str(tmp_path / "dropout.yaml")
    long = ["--set", "training.steps=1000", "--set", "curve.points=100"]
    for _ in range(2):
        running = start(recipe, *long)
        before = progress_of(out)
        while progress_of(out) == before and running.poll() is None:
            time.sleep(0.02)
        time.sleep(draw.uniform(0, 1))
        family = psutil.Process(running.pid).children(recursive=True) if running.poll() is None else []
        running.kill()
        running.communicate()
        assert not psutil.wait_procs(family, timeout=60)[1]
    finished = start(recipe, *long)
    said = finished.communicate()[1]
    assert finished.returncode == 0, said
    for trial in chosen:
        suite.learn([trial], tmp_path / "undisturbed")
        path = trial.path(out)
        assert suite.results(path) == suite.results(trial.path(tmp_path / "undisturbed"))
    assert sum(event["event"] == "resumed" for trial in chosen for event in suite.events(trial.path(out))) > 0


@pytest.mark.slow
def test_ctrl_c_says_where_the_same_call_goes_on(tmp_path, monkeypatch):
    monkeypatch.setenv("DLBENCH_CHECKPOINT_SECONDS", "0")
    suite.write(tmp_path)
    long = ["--set", "training.steps=20000", "--set", "curve.points=2000"]
    running = start(str(tmp_path / "dropout.yaml"), *long)
    while not list((tmp_path / "results").rglob("*.checkpoint")):
        assert running.poll() is None, running.stderr.read()
        time.sleep(0.02)
    os.kill(running.pid, signal.SIGINT)
    said = running.communicate()[1]
    assert running.returncode == 130
    assert "2 trials: 1 interrupted, 1 not run" in said
    assert "the same command goes on: it skips what is finished and continues after step " in said
    planned = subprocess.run(
        [*running.args, "--dry-run"], capture_output=True, text=True, check=True
    ).stdout.splitlines()
    assert "to continue after step" in planned[0]
    assert "to run" in planned[1]
