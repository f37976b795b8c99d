"""A user's own model without manners: what it does to its process costs neither its own run nor anybody else's."""

import os
from contextlib import suppress
from pathlib import Path

import psutil
from faults import suite

from dlbench.trials import plan, runner

NETS = """
import os, random, sys, threading, time
import numpy, torch
from torch import nn

print("a word at the door")


class Net(nn.Sequential):
    def __init__(self, act):
        super().__init__(nn.Flatten(), nn.Linear(64, 10))
        self.act = act

    def forward(self, x):
        self.act()
        return super().forward(x)


def quiet() -> nn.Module:
    return Net(lambda: None)


def rude() -> nn.Module:
    def act():
        os.write(1, b'{"event": "end", "status": "failed", "message": "a lie"}\\n\\xff\\x00 half a line')
        os.chdir("/")
        time.time = lambda: 0.0  # as after a clock that jumped back
        torch.manual_seed(0), random.seed(0), numpy.random.seed(0)
        threading.Thread(target=time.sleep, args=(600,)).start()
        if os.fork() == 0:
            time.sleep(600)
            os._exit(0)
    return Net(act)


def leaving() -> nn.Module:
    def act():
        threading.Thread(target=time.sleep, args=(600,)).start()
        sys.exit("enough")
    return Net(act)
"""


def test_what_a_model_prints_starts_forks_or_seeds_and_where_it_goes_changes_no_run(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in ("quiet", "rude", "leaving"):
        suite.write(tmp_path, name)
    Path("faulty_nets.py").write_text(NETS)
    trials = plan.trials(["./rude.yaml", "./quiet.yaml", "./leaving.yaml"], device="cpu", seeds=[0, 1], threads=1)
    outcomes = runner.run(trials, Path("out"))
    assert [outcome.status for outcome in outcomes] == ["finished"] * 4 + ["failed"] * 2
    assert {outcome.message for outcome in outcomes[4:]} == {"the worker ended with exit code 1: enough"}
    rude, quiet = outcomes[:2], outcomes[2:4]
    for one, other in zip(rude, quiet, strict=True):
        assert one.path.is_relative_to("out")
        assert suite.results(one.path) == suite.results(other.path)
    _, alive = psutil.wait_procs(list(_started_here()), timeout=10)
    assert not alive


def _started_here():
    """Processes that this test has started, or that those have, whoever their parent is by now."""
    for process in psutil.process_iter():
        with suppress(psutil.Error):
            if (
                process.pid != os.getpid()
                and process.environ().get("PYTEST_CURRENT_TEST") == os.environ["PYTEST_CURRENT_TEST"]
            ):
                yield process
