"""Several invocations on one results folder at once: no run lost, none done twice, no corrupt line."""

import json
import os
import subprocess
import sys
from collections import Counter
from contextlib import ExitStack

import pytest
from faults import suite, whole

from dlbench.cli import checkups
from dlbench.records import store
from dlbench.records.events import Waiting
from dlbench.trials import runner
from dlbench.trials.workers import locking

RECIPE = """
title: as small as it gets
data: {name: truth_table, function: xor}
model: {name: mlp, sizes: [2, 2, 1]}
training: {name: sgd, lr: 0.1, batch_size: 4, steps: 12, loss: squared_error}
score: {name: truth_table}
curve: {points: 3}
"""
WRITERS, RUNS = 8, 200


@pytest.mark.slow
def test_eight_writers_of_the_same_two_hundred_runs(tmp_path):
    context = whole.context()
    recipe = tmp_path / "tiny.yaml"
    recipe.write_text(RECIPE)
    queue = context.Queue()
    out = tmp_path / "out"
    orders = [[(start + number) % RUNS for number in range(RUNS)] for start in range(0, RUNS, 2 * RUNS // WRITERS)] * 2
    writers = [context.Process(target=whole.put, args=(queue, str(recipe), order, str(out))) for order in orders]
    for writer in writers:
        writer.start()
    told = [queue.get(timeout=250) for _ in writers]
    for writer in writers:
        writer.join()
    names = [path.name for path in (out / "tiny").iterdir()]
    assert len(names) == RUNS
    assert all(sorted(name for name, _ in each) == sorted(names) for each in told)
    done = Counter(name for each in told for name, new in each if new)
    assert done == Counter(names)
    for path in (out / "tiny").iterdir():
        kinds = [json.loads(line)["event"] for line in path.read_text().splitlines()]
        assert (kinds[:2], kinds[-2:]) == (["start", "ready"], ["score", "end"])
        assert Counter(kinds)["end"] == Counter(kinds)["start"] == 1
    frame = store.load(out)
    assert set(frame["status"]) == {"finished"}
    assert frame.attrs["warnings"] == []


def test_what_another_process_is_at_comes_last_and_is_not_done_twice(tmp_path):
    out = tmp_path / "out"
    chosen = suite.trials(tmp_path, [0, 1, 2], "small")
    path = chosen[0].path(out)
    path.parent.mkdir(parents=True)
    heard = []
    with ExitStack() as lock:
        lock.enter_context(locking.locked(path))
        suite.learn([chosen[2]], out)

        def watch(trials, event):
            heard.append((trials[0].seed, event.kind))
            if isinstance(event, Waiting):
                lock.close()
                suite.learn([chosen[0]], out)  # the other one finishes it

        outcomes = runner.run(chosen, out, watch=watch)
    assert [(o.trial.seed, o.status, o.new) for o in outcomes] == [
        (1, "finished", True), (2, "finished", False), (0, "finished", False),
    ]  # fmt: skip
    assert [event for _, event in heard].count("waiting") == 1
    assert {seed for seed, event in heard if event == "lap"} == {1}


def test_what_another_process_gave_up_is_run(tmp_path):
    out = tmp_path / "out"
    [chosen] = suite.trials(tmp_path, [0], "small")
    chosen.path(out).parent.mkdir(parents=True)
    with ExitStack() as lock:
        lock.enter_context(locking.locked(chosen.path(out)))
        [outcome] = runner.run([chosen], out, watch=lambda _, e: lock.close() if isinstance(e, Waiting) else None)
    assert (outcome.status, outcome.new) == ("finished", True)


def test_a_lock_leaves_nothing_behind_and_is_seen(tmp_path):
    path = tmp_path / "run.jsonl"
    with locking.locked(path):
        assert locking.is_locked(path)
        with pytest.raises(locking.Busy), locking.locked(path, patience=0.05):
            pass
        assert path.exists()
    assert not path.exists()
    assert not locking.is_locked(path)
    with locking.locked(path):
        path.write_text("something")
    assert path.read_text() == "something"


NO_LOCKS = """
import errno, fcntl
def flock(*_):
    raise OSError(errno.ENOLCK, "No locks available")
fcntl.flock = flock
"""


def test_a_folder_without_locks_is_said_once(tmp_path, monkeypatch):
    (tmp_path / "no-locks").mkdir()
    (tmp_path / "no-locks" / "sitecustomize.py").write_text(NO_LOCKS)
    words = ["run", suite.write(tmp_path, "small"), "--seeds", "0,1", "--out", "out"]
    with_locks = subprocess.run([sys.executable, "-m", "dlbench", *words], capture_output=True, text=True)
    assert "locks" not in with_locks.stderr
    monkeypatch.setenv("PYTHONPATH", f"{tmp_path / 'no-locks'}{os.pathsep}{os.environ['PYTHONPATH']}")
    without = subprocess.run([sys.executable, "-m", "dlbench", *words, "--fresh"], capture_output=True, text=True)
    assert without.returncode == 0, without.stderr
    said = [line for line in without.stderr.splitlines() if "locks" in line]
    assert said == ["out: file locks do not work there: let no other dlbench write to it meanwhile"]
    assert sorted(path.suffix for path in (tmp_path / "out").rglob("*") if path.is_file()) == [".jsonl"] * 2


def test_locks_work_here_and_a_file_system_without_them_is_told_apart(tmp_path, monkeypatch):
    assert locking.work_in(tmp_path)
    assert not list(tmp_path.iterdir())
    monkeypatch.setattr(locking, "_lock", lambda handle: None)
    assert not locking.work_in(tmp_path)
    [finding] = [f for f in checkups.results_folder(tmp_path / "results") if "file locks do not work" in f.found]
    assert finding.status == "warning"


def test_a_fresh_run_waits_for_its_turn_too(tmp_path):
    out = tmp_path / "out"
    [chosen] = suite.trials(tmp_path, [0], "small")
    suite.learn([chosen], out)
    before = chosen.path(out).read_bytes()
    with locking.locked(chosen.path(out)):
        assert suite.learn([chosen], out, fresh=True) == [{"event": "busy"}]
    assert chosen.path(out).read_bytes() == before
