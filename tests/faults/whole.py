"""The whole program but for its processes: a call of the runner whose workers work in the runner's own process.

It starts at once, because it is forked from a process that has loaded everything, and a kill hits both parts.
"""

import multiprocessing
import os
from pathlib import Path

import pytest

from dlbench.trials import plan, runner
from dlbench.trials.workers import process
from dlbench.trials.workers import trials as worker


class InProcess:
    """A worker that does its job in the process of its parent."""

    returncode = 0

    def __init__(self, job):
        self._job = job

    def events(self):
        told = []
        trials = [plan.from_dict(kept) for kept in self._job["trials"]]
        worker.work(trials, Path(self._job["out"]), told.append, fresh=self._job["fresh"])
        return told

    def wait(self):
        return self.returncode

    poll = wait


def run(recipe, seeds, out, settings=(), checkpoint_seconds="0", fresh=False):
    """Run a recipe's seeds, in this order; returns for each the name of its run file and whether this call ran it."""
    os.environ["DLBENCH_CHECKPOINT_SECONDS"] = checkpoint_seconds
    process.start = lambda module, job, threads, errors: InProcess(job)
    process.events = InProcess.events
    process.stop = lambda worker: None
    runner.POLL_SECONDS = 0.05
    chosen = plan.trials([recipe], device="cpu", seeds=list(seeds), threads=1, settings=settings)
    return [(outcome.path.name, outcome.new) for outcome in runner.run(chosen, Path(out), fresh=fresh)]


def put(queue, *arguments, **options):
    queue.put(run(*arguments, **options))


def context():
    if "forkserver" not in multiprocessing.get_all_start_methods():
        pytest.skip("no quick processes here")
    found = multiprocessing.get_context("forkserver")
    found.set_forkserver_preload(["faults.whole", "sklearn.datasets", "dlbench.training.sgd", "dlbench.data.digits"])
    return found
