"""What Windows lacks, taken away: file locks of fcntl, resource, process groups, SIGTERM as a request."""

import json
import os
import signal
import subprocess
import sys
import time

import own
import psutil
import pytest

from dlbench import exits
from dlbench.trials.launchers import local
from dlbench.trials.workers import locking

HIDING = """
import os, sys
import psutil  # whose part for Linux imports resource itself
sys.modules.update(dict.fromkeys(["fcntl", "resource", "termios"]))
for name in ("killpg", "getpgrp", "getpgid", "setsid", "sched_getaffinity", "sched_setaffinity", "getloadavg"):
    delattr(os, name)
"""


@pytest.fixture
def hidden(tmp_path, monkeypatch):
    """From now on Python begins without them, and so does each process that it starts."""
    (tmp_path / "hiding").mkdir()
    (tmp_path / "hiding" / "sitecustomize.py").write_text(HIDING)
    monkeypatch.setenv("PYTHONPATH", f"{tmp_path / 'hiding'}{os.pathsep}{os.environ['PYTHONPATH']}")


def command(*words):
    return [sys.executable, "-m", "dlbench", *words, "--device", "cpu", "--threads", "1", "--seeds", "0"]


def kinds(folder):
    [path] = folder.rglob("*.jsonl")
    return [json.loads(line) for line in path.read_text().splitlines()]


def test_a_run_finishes_and_is_not_made_twice(hidden, tmp_path):
    words = command("run", own.write(tmp_path, "plain"))
    first = subprocess.run(words, capture_output=True, text=True)
    assert first.returncode == 0, first.stderr
    assert "locks" not in first.stderr.replace("soft file lock", "")
    assert kinds(tmp_path / "results")[-1]["status"] == "finished"
    assert "skipped, finished before" in subprocess.run(words, capture_output=True, text=True).stderr
    assert {path.suffix for path in (tmp_path / "results").rglob("*") if path.is_file()} == {".jsonl"}


@pytest.mark.slow
def test_ctrl_c_ends_a_trial_in_order(hidden, tmp_path):
    running = subprocess.Popen(command("run", own.write(tmp_path, "slow")), stderr=subprocess.PIPE, text=True)
    while not any('"ready"' in path.read_text() for path in tmp_path.rglob("slow/*.jsonl")) and running.poll() is None:
        time.sleep(0.05)
    running.send_signal(signal.SIGINT)
    assert running.wait(60) == exits.INTERRUPTED
    running.stderr.close()
    assert kinds(tmp_path / "results")[-1]["status"] == "interrupted"


def test_a_lock_beside_the_file_keeps_others_out_and_lets_them_read(tmp_path, monkeypatch):
    monkeypatch.setattr(locking, "FLOCK", False)
    path = tmp_path / "run.jsonl"
    path.write_text("words")
    with locking.locked(path):
        assert locking.is_locked(path)
        with pytest.raises(locking.Busy), locking.locked(path, patience=0.02):
            pass
        assert path.read_text() == "words"
    assert not locking.is_locked(path)
    assert locking.work_in(tmp_path)
    assert list(tmp_path.iterdir()) == [path]


PARENT = """
import subprocess, sys, time
subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
time.sleep(60)
"""


def test_what_a_process_has_started_is_killed_with_it(monkeypatch):
    monkeypatch.setattr(exits, "HAS_SIGNALS", False)
    process = subprocess.Popen([sys.executable, "-c", PARENT], stdin=subprocess.PIPE, text=True)
    while not (children := psutil.Process(process.pid).children()):
        time.sleep(0.01)
    local.kill(process)
    process.wait()
    process.stdin.close()
    gone, alive = psutil.wait_procs(children, timeout=10)
    assert (len(gone), alive) == (1, [])
