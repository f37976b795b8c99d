"""However a trial ends: as exactly that status, with its last words in its run file, and the suite goes on."""

import errno
import io
import os
import signal
import time
from dataclasses import replace
from pathlib import Path

import psutil
import pytest
import torch
from faults import suite

from dlbench import exits
from dlbench.cli import run as running
from dlbench.records import store
from dlbench.records.events import End, Note
from dlbench.trials import plan, runner
from dlbench.trials.launchers import local
from dlbench.trials.runner import Outcome
from dlbench.trials.workers import endings, locking, runfile

NETS = '''
import os, resource, signal, subprocess, sys, time
import torch
from torch import nn


class Trouble(nn.Sequential):
    def __init__(self, trouble):
        super().__init__(nn.Flatten(), nn.Linear(64, 10))
        self.trouble = trouble

    def forward(self, x):
        if self.training:
            self.trouble()
        return super().forward(x)


def hungry() -> nn.Module:
    def trouble():
        with open("/proc/self/statm") as file:
            size = int(file.read().split()[0]) * resource.getpagesize()
        resource.setrlimit(resource.RLIMIT_AS, (size + 2**26, resource.RLIM_INFINITY))
        torch.empty(2**30)
    return Trouble(trouble)


def crashing() -> nn.Module:
    return Trouble(lambda: os.kill(os.getpid(), signal.SIGSEGV))


def leaving() -> nn.Module:
    return Trouble(lambda: sys.exit("enough"))


def hanging() -> nn.Module:
    """Ignores what it is asked, and has a child that does as well."""
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
    with open(f"child-of-{os.getpid()}.part", "w") as file:
        file.write(str(child.pid))
    os.rename(file.name, file.name.removesuffix(".part"))
    time.sleep(600)


def small() -> nn.Module:
    return nn.Sequential(nn.Flatten(), nn.Linear(64, 10))
'''


def trials(folder: Path, *models, **options):
    for model in models:
        suite.write(folder, model)
    (folder / "faulty_nets.py").write_text(NETS)
    return plan.trials([str(folder / f"{model}.yaml") for model in models], device="cpu", threads=1, **options)


def test_each_way_to_end_is_told_apart_and_the_suite_goes_on(tmp_path):
    out = tmp_path / "out"
    ran = runner.run(trials(tmp_path, "hungry", "crashing", "leaving", "small", seeds=[0]), out)
    outcomes = {outcome.trial.recipe.name: outcome for outcome in ran}
    statuses = {name: outcome.status for name, outcome in outcomes.items()}
    assert statuses == {"hungry": "out_of_memory", "crashing": "killed", "leaving": "failed", "small": "finished"}
    assert "can't allocate memory" in outcomes["hungry"].message
    assert outcomes["crashing"].message.startswith("the worker was killed by signal 11")
    assert outcomes["leaving"].message == "the worker ended with exit code 1: enough"
    for name, outcome in outcomes.items():
        end = suite.events(outcome.path)[-1]
        assert (end["event"], end["status"], end["message"]) == ("end", statuses[name], outcome.message)
    frame = store.load(out)
    assert frame.set_index("recipe")["status"].to_dict() == statuses
    assert frame.attrs["warnings"] == []


def test_a_trial_that_hangs_is_killed_with_its_children_and_the_next_has_its_turn(tmp_path, monkeypatch):
    renew = local.Deadline.renew

    def renew_when_it_hangs(deadline):
        """A machine may be slow: the time runs only from when the worker hangs."""
        hung = set(tmp_path.glob("child-of-*[0-9]"))
        while deadline._process.poll() is None and set(tmp_path.glob("child-of-*[0-9]")) == hung:
            time.sleep(0.05)
        renew(deadline)

    monkeypatch.setattr(local.Deadline, "renew", renew_when_it_hangs)
    outcomes = runner.run(trials(tmp_path, "hanging", seeds=[0, 1]), tmp_path / "out", timeout=0.5)
    assert [(o.status, o.message) for o in outcomes] == [("timeout", "took longer than 0.5 s")] * 2
    assert [store.status(o.path) for o in outcomes] == ["timeout"] * 2
    children = [int(path.read_text()) for path in tmp_path.glob("child-of-*[0-9]")]
    assert len(children) == 2
    assert not [p for p in children if psutil.pid_exists(p) and psutil.Process(p).status() != psutil.STATUS_ZOMBIE]


def test_a_worker_that_was_never_slow_is_left_alone(tmp_path):
    [outcome] = runner.run(trials(tmp_path, "small", seeds=[0]), tmp_path / "out", timeout=600)
    assert outcome.status == "finished"


@pytest.mark.parametrize(
    ("statuses", "planned", "code"),
    [
        (["finished", "finished"], 2, exits.FINE),
        (["finished", "timeout"], 2, exits.TIMEOUT),
        (["timeout", "killed"], 2, exits.FAILED),
        (["out_of_memory"], 1, exits.FAILED),
        (["diverged", "timeout"], 2, exits.FAILED),
        (["finished"], 2, exits.FAILED),
        ([], 0, exits.FINE),
    ],
)
def test_the_exit_code_is_that_of_the_worst(statuses, planned, code):
    outcomes = [Outcome(None, status, "", Path("x.jsonl")) for status in statuses]
    assert running._exit_code(outcomes, planned) == code


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (MemoryError(), "out_of_memory"),
        (torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2 GiB"), "out_of_memory"),
        (RuntimeError("[enforce fail at alloc_cpu.cpp:117] . DefaultCPUAllocator: not enough memory"), "out_of_memory"),
        (RuntimeError("std::bad_alloc"), "out_of_memory"),
        (OSError(errno.ENOMEM, "Cannot allocate memory"), "out_of_memory"),
        (RuntimeError("shapes do not fit"), "failed"),
        (ValueError("out of memory of a kind"), "failed"),
        (KeyboardInterrupt(), "interrupted"),
        (BrokenPipeError(), "interrupted"),
    ],
)
def test_an_exception_says_how_a_trial_ended(error, status):
    end = endings.of_error(error)
    assert end.status == status
    assert "\n" not in end.message


def test_a_worker_says_how_it_ended_by_its_code_and_last_words(monkeypatch):
    def of(code, words=b"", before=0):
        return endings.of_process(code, io.BytesIO(words), before).status

    monkeypatch.setattr(endings, "oom_kills", lambda: 3)
    assert of(-signal.SIGKILL, before=3) == "killed"
    assert of(-signal.SIGKILL, before=2) == "out_of_memory"
    assert of(-signal.SIGSEGV, before=2) == "killed"
    assert of(-signal.SIGABRT, b"terminate called after throwing an instance of 'std::bad_alloc'\n") == "out_of_memory"
    assert of(1, b"Traceback\nMemoryError\n") == "out_of_memory"
    assert of(1, b"Traceback\nKeyError: 3\n") == "failed"


def test_the_kernels_count_of_processes_killed_for_memory_is_read(tmp_path):
    proc, root = tmp_path / "cgroup", tmp_path / "root"
    (root / "a" / "b").mkdir(parents=True)
    (root / "memory" / "c").mkdir(parents=True)
    (root / "a" / "b" / "memory.events").write_text("low 0\nmax 12\noom 5\noom_kill 4\n")
    (root / "memory" / "c" / "memory.oom_control").write_text("oom_kill_disable 0\nunder_oom 0\noom_kill 7\n")
    proc.write_text("0::/a/b\n")
    assert endings.oom_kills(proc, root) == 4
    proc.write_text("9:name=systemd:/\n4:memory:/c\n0::/\n")
    assert endings.oom_kills(proc, root) == 7
    proc.write_text("0::/elsewhere\n")
    assert endings.oom_kills(proc, root) == 0
    assert endings.oom_kills(tmp_path / "none", root) == 0


def test_an_end_that_was_written_but_not_told_stands(tmp_path):
    [chosen] = suite.trials(tmp_path)
    suite.learn([chosen], tmp_path / "out")
    before = chosen.path(tmp_path / "out").read_bytes()
    killed = End("killed", "by a test")
    assert runfile.close_run(chosen, tmp_path / "out", killed) == "finished"
    assert chosen.path(tmp_path / "out").read_bytes() == before


def test_a_run_that_never_began_has_a_file_that_says_how_it_ended(tmp_path):
    [chosen] = suite.trials(tmp_path)
    killed = End("killed", "by a test")
    for _ in range(2):
        assert runfile.close_run(chosen, tmp_path / "out", killed) == "killed"
    assert [event["event"] for event in suite.events(chosen.path(tmp_path / "out"))] == ["start", "end"]
    with locking.locked(chosen.path(tmp_path / "out")):
        runfile.close_run(chosen, tmp_path / "out", replace(killed, status="failed"))
    assert store.status(chosen.path(tmp_path / "out")) == "killed"  # another process has taken it up


def test_a_worker_ends_with_its_parent_even_if_it_does_nothing(tmp_path):
    """Only the closing of its standard input tells it."""
    with (tmp_path / "errors").open("w+b") as errors:
        (tmp_path / "idle.py").write_text(
            "import time\nfrom dlbench.records.events import Note\nfrom dlbench.trials.workers import channel\n"
            "job, tell = channel.job()\n"
            "try:\n    tell(Note('ready'))\n    time.sleep(600)\n"
            "except KeyboardInterrupt:\n    tell(Note('interrupted'))\n"
        )
        os.environ["PYTHONPATH"] += os.pathsep + str(tmp_path)
        worker = local.start("idle", {}, 1, errors)
        told = local.events_of(worker)
        assert next(told) == Note("ready")
        worker.stdin.close()
        rest = list(told)
        worker.wait()
        local.stop(worker)
    assert rest == [Note("interrupted")]
