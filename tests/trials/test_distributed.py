"""Two processes for a trial: what one learns, they learn, and when one ends, both do."""

import json
import subprocess
import sys
import time
from collections import Counter

import own
import psutil
import pytest
from faults import suite

from dlbench.measure import machine
from dlbench.trials import distributed, plan, switches

pytestmark = pytest.mark.slow  # a process that imports torch takes seconds

RAGGED = '''
import os
from dataclasses import fields
import torch
from torch import nn
from dlbench.data.dataset import Batches, Dataset
from dlbench.data.digits import digits


class Whole(Dataset):
    """Every epoch has all examples; its last batch is what is left."""

    def batches(self, batch_size, generator):
        return WholeBatches(self, batch_size, generator)


class WholeBatches(Batches):
    def __next__(self):
        if not len(self._order):
            self._order = torch.randperm(len(self._data.train), generator=self._generator)
        index, self._order = self._order[: self._size], self._order[self._size :]
        return self._data.prepare(self._data.train.inputs[index]), self._data.train.targets[index]


def ragged(folder, *, train_examples: int) -> Dataset:
    data = digits(folder, size=8, train_examples=train_examples, test_examples=20)
    return Whole(**{field.name: getattr(data, field.name) for field in fields(Dataset)})


class Double(nn.Sequential):
    """In float64; notes the examples that it learns from, and where."""

    def forward(self, x):
        if self.training:
            with open(f"seen-{os.getpid()}", "a") as file:
                file.writelines(f"{image.sum():.6f} {image.var():.6f}\\n" for image in x)
        return super().forward(x.double())


def double() -> nn.Module:
    return Double(nn.Flatten(), nn.Linear(64, 20), nn.Tanh(), nn.Linear(20, 10)).double()
'''
RECIPE = """
title: batches of 10, 10, 10, 10 and 3, in float64
data: {name: ragged.ragged, train_examples: 43}
model: {name: ragged.double}
training: {name: sgd, lr: 0.1, momentum: 0.9, weight_decay: {'1.': 0.01}, clip: 0.5, batch_size: 10, steps: 15}
score: {name: classification_error}
"""


@pytest.fixture(autouse=True)
def _nothing_left():
    """Whatever a test does, its processes end."""
    before = {child.pid for child in psutil.Process().children(recursive=True)}
    yield
    distributed.end()
    left = [child for child in psutil.Process().children(recursive=True) if child.pid not in before]
    assert not [child for child in left if "resource_tracker" not in " ".join(child.cmdline())]


def learnt(folder, **chosen):
    """The losses of three epochs, and the weights after them; what each process saw is a file in the folder."""
    (folder / "ragged.py").write_text(RAGGED)
    (folder / "ragged.yaml").write_text(RECIPE)
    [trial] = plan.trials([str(folder / "ragged.yaml")], device="cpu", seeds=[0], threads=1, **chosen)
    built = switches.build([trial])
    steps = list(built.train(built.model))
    return steps, {name: weight.clone() for name, weight in built.model.state_dict().items()}


def seen(folder):
    """How often each process learnt from each example."""
    files = sorted(folder.glob("seen-*"))
    counts = [Counter(file.read_text().splitlines()) for file in files]
    for file in files:
        file.unlink()
    return counts


def test_two_processes_learn_what_one_learns_and_see_each_example_once_an_epoch(tmp_path):
    alone, weights = learnt(tmp_path)
    [of_one] = seen(tmp_path)
    spread, weights_of_both = learnt(tmp_path, processes=2)
    first, second = seen(tmp_path)
    assert [step.examples for step in spread] == [10, 10, 10, 10, 3] * 3 == [step.examples for step in alone]
    assert [float(step.loss) for step in spread] == pytest.approx([float(step.loss) for step in alone], abs=1e-12)
    assert weights.keys() == weights_of_both.keys()
    for name, weight in weights.items():
        assert weights_of_both[name].flatten().tolist() == pytest.approx(weight.flatten().tolist(), abs=1e-12)
    assert first + second == of_one
    assert set(of_one.values()) == {3}
    assert {first.total(), second.total()} == {3 * (4 * 5 + 2), 3 * (4 * 5 + 1)}


def test_a_trial_goes_on_bit_for_bit_and_leaves_one_file(tmp_path, monkeypatch):
    """With dropout, batch normalisation, momentum and augmentation; of two numbers no order of a sum would show."""
    monkeypatch.setenv("DLBENCH_CHECKPOINT_SECONDS", "0")
    monkeypatch.setattr(machine, "cores", lambda: 3)
    chosen = suite.trials(tmp_path, processes=3)
    path = chosen[0].path(tmp_path / "whole")
    told = suite.learn(chosen, tmp_path / "whole")
    assert [event["message"] for event in told if event["event"] == "note"] == [
        "batch normalisation sees each process's share of a batch, not the whole batch"
    ]
    with pytest.raises(suite.Killed):
        suite.learn(chosen, tmp_path / "killed", suite.kill_at_lap(6))
    suite.learn(chosen, tmp_path / "killed")
    again = chosen[0].path(tmp_path / "killed")
    assert any(event["event"] == "resumed" for event in suite.events(again))
    assert suite.results(again) == suite.results(path)
    start = suite.events(path)[0]
    assert (start["execution"]["processes"], start["execution"]["batch"]) == (3, "global")
    assert [file.name for file in path.parent.iterdir()] == [path.name]


def test_each_process_has_the_recipe_s_batch_if_that_is_asked_for(tmp_path):
    [trial] = suite.trials(tmp_path, processes=2, batch="local")
    [spread] = distributed.as_recipes_say([trial])
    assert [part.training.arguments["batch_size"] for part in (trial.recipe, spread.recipe, spread.full)] == [
        30,
        60,
        60,
    ]


@pytest.mark.parametrize(
    ("model", "message"),
    [("rank_1_raises", "RankFailed: rank 1: ValueError: out of luck"), ("rank_1_killed", "rank 1: ended with signal")],
)
def test_a_rank_that_ends_ends_the_trial_with_its_last_words(tmp_path, model, message):
    chosen = plan.trials([own.write(tmp_path, model)], device="cpu", seeds=[0], threads=1, processes=2)
    told = suite.learn(chosen, tmp_path)
    assert told[-1]["status"] == "failed"
    assert message in told[-1]["message"]
    assert suite.events(chosen[0].path(tmp_path))[-1]["status"] == "failed"


def test_the_whole_program_killed_leaves_no_process(tmp_path):
    command = [sys.executable, "-m", "dlbench", "run", own.write(tmp_path, "slow"), "--seeds", "0", "--threads", "1"]
    running = subprocess.Popen([*command, "--processes", "2"], stderr=subprocess.DEVNULL)
    while not any('"lap"' in file.read_text() for file in (tmp_path / "results").rglob("*.jsonl")):
        assert running.poll() is None
        time.sleep(0.1)
    family = psutil.Process(running.pid).children(recursive=True)
    assert len([child for child in family if "spawn_main" in " ".join(child.cmdline())]) == 1
    running.kill()
    running.wait()
    assert not psutil.wait_procs(family, timeout=60)[1]


def torchrun(*words):
    command = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2", "-m", "dlbench"]
    return subprocess.run([*command, *words], capture_output=True, text=True)


def test_under_torchrun_one_process_speaks_and_all_end_alike(tmp_path):
    fine = torchrun("run", own.write(tmp_path, "plain"), "--seeds", "0", "--threads", "1", "--device", "cpu")
    assert fine.returncode == 0, fine.stderr
    assert fine.stderr.count("1 trial: 1 finished") == 1
    [file] = (tmp_path / "results").rglob("*.jsonl")
    assert json.loads(file.read_text().splitlines()[0])["execution"]["processes"] == 2
    wrong = torchrun("run", "no-such-recipe")
    assert wrong.returncode != 0
    assert wrong.stderr.count("unknown recipe or study") == 1
    assert wrong.stderr.count("exitcode  : 2") == 2
