"""The whole program but for its processes: a call of the runner whose workers work in the runner's own process.

It starts at once, because it is forked from a process that has loaded everything, and a kill hits both parts.
"""

import multiprocessing
import os
from pathlib import Path

import pytest

from dlbench.records.events import End
from dlbench.trials import plan, runner
from dlbench.trials.launchers import Report
from dlbench.trials.workers import trials as worker


class InProcess:
    """A launcher whose jobs are done in the process of the runner, each when it is listened to."""

    machines = 1

    def __init__(self):
        self._reports = {}

    def __len__(self):
        return len(self._reports)

    def start(self, job):
        self._reports[job] = self._work(job)

    def check_data(self, names):
        pass

    def listen(self, until):
        job, reports = next(iter(self._reports.items()))
        report = next(reports)
        if report.is_last:
            del self._reports[job]
        return report

    def stop(self):
        self._reports.clear()
        return []

    def _work(self, job):
        told = []
        trials = [plan.from_dict(kept) for kept in job.as_dict()["trials"]]
        worker.work(trials, job.out, told.append, fresh=job.fresh)
        yield from (Report(job, event) for event in told)
        yield Report(job, End("failed", "ended without a word"), is_last=True)


def run(recipe, seeds, out, settings=(), checkpoint_seconds="0", fresh=False):
    """Run a recipe's seeds, in this order; returns for each the name of its run file and whether this call ran it."""
    os.environ["DLBENCH_CHECKPOINT_SECONDS"] = checkpoint_seconds
    runner.POLL_SECONDS = 0.05
    chosen = plan.trials([recipe], device="cpu", seeds=list(seeds), threads=1, settings=settings)
    outcomes = runner.run(chosen, Path(out), fresh=fresh, launcher=InProcess())
    return [(outcome.path.name, outcome.new) for outcome in outcomes]


def put(queue, *arguments, **options):
    queue.put(run(*arguments, **options))


def context():
    if "forkserver" not in multiprocessing.get_all_start_methods():
        pytest.skip("no quick processes here")
    found = multiprocessing.get_context("forkserver")
    found.set_forkserver_preload(["faults.whole", "sklearn.datasets", "dlbench.training.sgd", "dlbench.data.digits"])
    return found
