"""Trials -> jobs of a launcher, as many at once as they allow: skips what is finished, and no failure stops the rest.

Other processes may run trials into the same folder at the same time: their trials come last, when they are done.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from dlbench.data import sources
from dlbench.errors import InputError
from dlbench.records import store
from dlbench.records.events import OVER, Changed, End, Event, Refused, Skipped, Started, Stopped, Unlocked, Waiting
from dlbench.trials import standing
from dlbench.trials.launchers import Job, Launcher
from dlbench.trials.launchers.local import Pool
from dlbench.trials.plan import Trial
from dlbench.trials.standing import Standing
from dlbench.trials.workers import checkpoint_file, locking, runfile

Watcher = Callable[[Sequence[Trial], Event], None]
PATIENCE_SECONDS = 20.0  # when time is over: for a trial to come to the end of a lap, and to keep its checkpoint
POLL_SECONDS = 1.0  # between looks at the trials of other processes
INTERRUPTED = End("interrupted", "")


@dataclass(frozen=True)
class Outcome:
    """How a trial ended, and where its run file is; `new` unless it had been finished before.

    status: `refused` if its code or data changed after it was planned; there is no file then. continues_at: the step
    after which the same call would go on.
    """

    trial: Trial
    status: str
    message: str
    path: Path
    new: bool = True
    continues_at: int | None = None
    has_traceback: bool = False  # in the run file


class Interrupted(Exception):
    """Ctrl-C: carries the outcomes so far."""

    def __init__(self, outcomes: list[Outcome]) -> None:
        super().__init__("interrupted")
        self.outcomes = outcomes


def run(
    trials: Sequence[Trial],
    out: Path,
    *,
    fresh: bool = False,
    timeout: float | None = None,
    watch: Watcher = lambda trials, event: None,
    accepted: Collection[str] = (),
    standings: Sequence[Standing] | None = None,
    seconds: float = math.inf,
    launcher: Launcher | None = None,
    keep_weights: bool = False,
) -> list[Outcome]:
    """Run the trials that are not finished yet (all, with `fresh`); returns their outcomes, in order.

    An existing run stands for a trial if nothing that decides its result has changed since: see `standing`.
    As many trials run at once as the execution of each allows, on each machine; those of other processes come last.

    accepted: kinds of change that do not count. standings: of the trials, if they are known. timeout: seconds that a
    trial may take, its start included; one model of many seeds counts as one trial. seconds: after that, nothing new
    begins, and trials under way are `interrupted`, with a checkpoint where they can have one. launcher: gives trials
    processes, if this machine does not. watch: gets every event, and the trials it is about; if they are several, its
    index says which one. keep_weights: write them beside each run.

    Ends early, with fewer outcomes than trials, if nothing can be written any more or the time is over. Raises
    InputError if the results folder cannot be written or a trial's data are missing, and Interrupted on Ctrl-C; then no
    worker is left running, and trials under way are `interrupted`.
    """
    if standings is None:
        standings = standing.of_all(trials, out, accepted, [], with_weights=keep_weights)
    pairs = zip(trials, standings, strict=True)
    done = {} if fresh else {trial.path(out): state for trial, state in pairs if state.is_done}
    launcher = Pool() if launcher is None else launcher  # an idle one is empty
    launcher.check_data(_downloaded([trial for trial in trials if trial.path(out) not in done]))
    store.check_writable(out)
    if trials and not locking.work_in(out):
        watch(trials, Unlocked(str(out)))
    suite = _Suite(out, fresh, timeout, watch, accepted, done, time.monotonic() + seconds, launcher, keep_weights)
    try:
        suite.run(trials)
    except KeyboardInterrupt:
        raise Interrupted(suite.outcomes) from None
    return suite.outcomes


def _downloaded(trials: Sequence[Trial]) -> list[str]:
    """The data sets that these trials read and that come by download."""
    needed = {sources.read_for(trial.recipe.data.name, trial.recipe.data.arguments) for trial in trials}
    return [name for name in sorted(needed & set(sources.DATASETS)) if not sources.find(name).is_made]


def _batches(trials: Sequence[Trial]) -> Iterator[list[Trial]]:
    """The trials of each worker: a single one, or all seeds of a recipe whose seeds keep together."""
    together: dict[tuple[str, str], list[Trial]] = {}
    for trial in trials:
        key = trial.recipe.digest if trial.recipe.together else trial.digest
        together.setdefault((trial.recipe.name, key), []).append(trial)
    yield from together.values()


class _Suite:
    """The trials of one call, and what became of them."""

    def __init__(
        self,
        out: Path,
        fresh: bool,
        timeout: float | None,
        watch: Watcher,
        accepted: Collection[str],
        done: Mapping[Path, Standing],
        until: float,
        launcher: Launcher,
        keep_weights: bool,
    ) -> None:
        self.outcomes: list[Outcome] = []
        self._out, self._fresh, self._timeout, self._watch = out, fresh, timeout, watch
        self._accepted, self._done, self._until, self._launcher = accepted, done, until, launcher
        self._keep_weights = keep_weights
        self._under_way: dict[Job, _Progress] = {}
        self._has_failed = False  # a trial, since we last looked whether there is room for others

    def run(self, trials: Sequence[Trial]) -> None:
        """Run all trials; try those of other processes again and again, until they are done."""
        has_waited = False
        while trials:
            before = len(self.outcomes)
            if not self._run_round(trials):
                return
            ended = {outcome.trial.path(self._out) for outcome in self.outcomes}
            trials = [trial for trial in trials if trial.path(self._out) not in ended]
            if trials and len(self.outcomes) == before:
                if not has_waited:
                    self._watch(trials, Waiting(len(trials), str(self._out)))
                has_waited = True
                time.sleep(POLL_SECONDS)

    def _run_round(self, trials: Sequence[Trial]) -> bool:
        """Run the trials that no other process runs; returns whether to go on. Leaves no process, whatever happens."""
        before = len(self.outcomes)
        slots = self._launcher.machines * min(trial.execution.jobs for trial in trials)
        try:
            for batch in _batches(trials):
                self._listen_until_left(slots - 1)
                if not self._can_go_on(trials):
                    return False
                self._start(self._to_run(batch))
            self._listen_until_left(0)
            return True
        finally:
            self._stop()
            order = {trial.path(self._out): number for number, trial in enumerate(trials)}
            self.outcomes[before:] = sorted(
                self.outcomes[before:], key=lambda outcome: order[outcome.trial.path(self._out)]
            )

    def _can_go_on(self, trials: Sequence[Trial]) -> bool:
        """Whether there is time, and the next trial's run could be kept: after a failure the disk may be full."""
        if time.monotonic() >= self._until:
            self._listen_until_left(0)
            return False
        if not self._has_failed:
            return True
        self._has_failed = False
        try:
            store.check_writable(self._out)
            return True
        except InputError as error:
            self._listen_until_left(0)  # those under way may have room left
            self._watch(trials, Stopped(str(error)))
            return False

    def _to_run(self, batch: Sequence[Trial]) -> list[Trial]:
        """The trials that are not finished and that no other process runs now."""
        waiting: list[Trial] = []
        for trial in batch:
            state = self._standing(trial)
            if state is not None and state.is_done:
                self._skip(trial, state.status, state.path)
            elif not locking.is_locked(runfile.lock_path(trial, self._out)):
                waiting.append(trial)
        return waiting

    def _standing(self, trial: Trial) -> Standing | None:
        """How the trial stands now: others may have finished it since we began."""
        if self._fresh:
            return None
        return self._done.get(trial.path(self._out)) or standing.of_own_file(
            trial, self._out, self._accepted, with_weights=self._keep_weights
        )

    def _skip(self, trial: Trial, status: str, path: Path) -> None:
        self.outcomes.append(Outcome(trial, status, "", path, new=False))

    def _end(self, trial: Trial, end: End) -> None:
        path, is_done = trial.path(self._out), end.status in store.DONE
        self._has_failed |= not is_done
        steps = None if is_done else checkpoint_file.steps(path)
        has_traceback = end.traceback is not None
        self.outcomes.append(
            Outcome(trial, end.status, end.message, path, continues_at=steps, has_traceback=has_traceback)
        )

    def _start(self, trials: list[Trial]) -> None:
        """Start a job of these trials; if its process dies early, the trials that it has not begun have no outcome."""
        if trials:
            self._watch(trials, Started())
            seconds = None if math.isinf(self._until) else self._until - time.monotonic()
            threads = trials[0].execution.threads
            job = Job(
                trials, self._out, self._fresh, self._accepted, seconds, threads, self._timeout, self._keep_weights
            )
            self._under_way[job] = _Progress(job)
            self._launcher.start(job)

    def _listen_until_left(self, count: int) -> None:
        """Handle reports until only `count` jobs are left; stops them all when the time is over, and some more."""
        while len(self._launcher) > count:
            report = self._launcher.listen(self._until + PATIENCE_SECONDS)
            if report is None:
                self._stop()
            elif report.is_last:
                self._close(self._under_way.pop(report.job), report.end)
            else:
                self._hear(report.event, self._under_way[report.job])

    def _hear(self, event: Event, progress: _Progress) -> None:
        """Handle an event of a trial, and pass it on."""
        if isinstance(event, Refused):
            progress.left.clear()
            raise InputError(event.message)
        self._note(event, progress)
        progress.pass_on(event, self._watch)

    def _note(self, event: Event, progress: _Progress) -> None:
        """Note the outcome of a trial, if the event ends one."""
        if not isinstance(event, OVER):
            return
        progress.left.discard(event.index)
        trial = progress.job.trials[event.index]
        match event:
            case End():
                progress.was_interrupted = event.status == "interrupted"
                self._end(trial, event)
            case Skipped(status):
                self._skip(trial, status, trial.path(self._out))
            case Changed(message):
                self.outcomes.append(Outcome(trial, "refused", message, trial.path(self._out)))

    def _stop(self) -> None:
        """End all jobs; their trials end as the jobs report, or as `interrupted`."""
        for report in self._launcher.stop():
            if progress := self._under_way.get(report.job):
                if isinstance(report.event, Refused):
                    progress.left.clear()  # leaves nothing
                self._note(report.event, progress)
        for progress in self._under_way.values():
            self._close(progress, INTERRUPTED)
        self._under_way.clear()

    def _close(self, progress: _Progress, end: End) -> None:
        """End the trials that a job was running when its process ended, in their files too."""
        for index in progress.unended():
            trial = progress.job.trials[index]
            status = runfile.close_run(trial, self._out, end)
            if status in store.DONE and progress.has_written(index):  # its file knows the end, only we do not
                self._end(trial, End(status, ""))
            else:
                self._end(trial, end)
                progress.pass_on(replace(end, index=index), self._watch)


class _Progress:
    """How far a job has come; `left`: indices of its trials that have not ended."""

    def __init__(self, job: Job) -> None:
        self.job = job
        self._paths = [trial.path(job.out) for trial in job.trials]
        self._stamps = [_stamp(path) for path in self._paths]
        self.left = set(range(len(job.trials)))
        self.was_interrupted = False  # then it has begun nothing else

    def unended(self) -> list[int]:
        """The trials that it is running: all of one model, else the first that has not ended."""
        left = sorted(self.left)
        return left if self.job.is_at_once else left[: 0 if self.was_interrupted else 1]

    def has_written(self, index: int) -> bool:
        """Whether the run file of a trial is not the one that was there before."""
        return _stamp(self._paths[index]) != self._stamps[index]

    def pass_on(self, event: Event, watch: Watcher) -> None:
        """Give the watcher an event, with all trials of one model, else with the trial it is about."""
        if self.job.is_at_once:
            watch(self.job.trials, event)
        else:
            watch(self.job.trials[event.index : event.index + 1], replace(event, index=0))


def _stamp(path: Path) -> tuple[int, int, int] | None:
    """What changes when a file is written anew; None if there is none."""
    if not path.exists():
        return None
    facts = path.stat()
    return facts.st_ino, facts.st_mtime_ns, facts.st_size
