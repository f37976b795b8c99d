"""Trials as jobs of SLURM, by submitit: `--on slurm`.

The results folder lies on storage that all nodes share, with locks that hold between them: processes there write their
run files and hold their locks as at home. A job appends its events to a file there, which this side reads as it grows.

This side counts up a number in another file. Jobs that see no new one for a while end themselves, so that none lives on
if this side is killed; and a word in its place asks them all to end.
"""

from __future__ import annotations

import shutil
import socket
import tempfile
import time
from collections import deque
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

from dlbench import writing
from dlbench.errors import InputError
from dlbench.records import events
from dlbench.records.events import OVER, End, Note
from dlbench.trials import sites
from dlbench.trials.launchers import Job, Report, local
from dlbench.trials.launchers.local import Pool
from dlbench.trials.sites import Answer, Site
from dlbench.trials.workers.channel import GRACE_SECONDS

TRIES: Final = 4  # jobs of SLURM that may be lost under one of ours
POLL_SECONDS: Final = 0.2  # between looks at files that grow
BEAT_SECONDS: Final = 5.0  # between signs of life
SILENCE_SECONDS: Final = 180.0  # without any, a job ends: a network drive may show a change only after a minute
QUEUED: Final = 100  # jobs that wait in SLURM's queue or run
USUAL: Final = {"timeout_min": 1440, "cpus_per_task": 1}  # what submitit is told unless `--slurm` says otherwise
GENERIC: Final = ("timeout_min", "mem_gb", "gpus_per_node", "cpus_per_task", "stderr_to_stdout")  # without a prefix
ENDING: Final = "end"
MISSING: Final = "--on slurm: needs the package submitit; pip install 'dlbench[slurm]'"


@contextmanager
def opened(on: str, settings: Mapping[str, str], out: Path, threads: int | None) -> Iterator[Slurm]:
    """SLURM, told these settings; `cluster=local` is submitit's stand-in for it, on this machine."""
    slurm = Slurm(settings, out, threads)
    try:
        yield slurm
    finally:
        slurm.close()


class Slurm:
    """The launcher for SLURM."""

    def __init__(self, settings: Mapping[str, str], out: Path, threads: int | None) -> None:
        self._settings, self._threads = dict(settings), threads
        self._cluster = self._settings.pop("cluster", "slurm")
        self._parent, self._had_parent = out.absolute(), out.exists()
        self._folder: Path | None = None  # for all that is no run
        self._executor: Any = None
        self._jobs: list[_Submitted] = []
        self._inbox: deque[Report] = deque()
        self._beats, self._next_beat = 0, 0.0

    @property
    def machines(self) -> int:
        """An allocation is a machine to its trial; submitit's stand-in has this one."""
        return QUEUED if self._cluster == "slurm" else 1

    def __len__(self) -> int:
        return len(self._jobs) + sum(report.is_last for report in self._inbox)

    def site(self, device: str) -> Site:
        """What the node is that SLURM gives the first job; a trial on one that is not like it refuses."""
        self._prepare(device)
        node, answer = self._answer(_answer, device)
        return sites.agreed({node: answer})

    def check_data(self, names: Collection[str]) -> None:
        """Verify the data sets at a node."""
        node, problem = self._answer(_data_problem, list(names)) if names else ("", None)
        if problem is not None:
            raise InputError(f"{node}: {problem}")

    def start(self, job: Job) -> None:
        """Put it in SLURM's queue."""
        self._submit(_Submitted(job, list(range(len(job.trials)))))

    def listen(self, until: float) -> Report | None:
        """Look at the files of all jobs until one has something new."""
        while not self._inbox and time.monotonic() < until:
            self._beat()
            for submitted in list(self._jobs):
                self._look_at(submitted)
            if not self._inbox:
                time.sleep(POLL_SECONDS)
        return self._inbox.popleft() if self._inbox else None

    def stop(self) -> Iterable[Report]:
        """Ask all jobs to end, and cancel those that do not or have not begun."""
        try:
            if self._jobs:
                self._say(ENDING)
            until = time.monotonic() + GRACE_SECONDS
            while any(submitted.has_begun for submitted in self._jobs) and time.monotonic() < until:
                for submitted in list(self._jobs):
                    self._read(submitted)
                time.sleep(POLL_SECONDS)
        finally:
            for submitted in self._jobs:
                submitted.handle.cancel(check=False)
            self._jobs.clear()
            self._next_beat = 0.0
        reports = [report for report in self._inbox if not report.is_last]
        self._inbox.clear()
        return reports

    def close(self) -> None:
        """Leave nothing but runs."""
        if self._folder is not None:
            shutil.rmtree(self._folder, ignore_errors=True)
            with suppress(OSError):  # something else is in it
                self._folder.parent.rmdir()
                if not self._had_parent:
                    self._parent.rmdir()

    def _prepare(self, device: str) -> None:
        """A folder on the shared storage, and what submits; raises InputError."""
        try:
            from submitit import AutoExecutor
        except ImportError:
            raise InputError(MISSING) from None
        options: dict[str, Any] = USUAL | ({"cpus_per_task": self._threads} if self._threads else {})
        options |= {"gpus_per_node": 1} if device.startswith("cuda") else {}
        options |= {k if k in GENERIC else f"slurm_{k}": _read_value(value) for k, value in self._settings.items()}
        try:
            shared = self._parent / ".slurm"
            shared.mkdir(parents=True, exist_ok=True)
            self._folder = Path(tempfile.mkdtemp(dir=shared))
            self._executor = AutoExecutor(self._folder, cluster=self._cluster)
            self._executor.update_parameters(**options)
        except OSError as error:
            raise InputError(f"{self._parent}: cannot write results there ({error.strerror})") from None
        except (AssertionError, NameError, RuntimeError, TypeError, ValueError) as error:
            raise InputError(f"--on slurm: {str(error).partition(chr(10))[0]}") from None

    def _answer(self, question: Callable[..., Any], *arguments: Any) -> Any:
        """What a node answers, once SLURM has given one."""
        handle = self._executor.submit(question, *arguments)
        try:
            while not handle.done():
                time.sleep(POLL_SECONDS)
            return handle.result()
        except KeyboardInterrupt:
            handle.cancel(check=False)
            raise
        except Exception as error:  # whatever went wrong at the node
            lines = [line for line in str(error).splitlines() if line.strip() and set(line.strip()) != {"-"}]
            raise InputError(f"--on slurm: a node gives no answer ({lines[-1].strip() if lines else error})") from None

    def _submit(self, submitted: _Submitted) -> None:
        assert self._folder is not None
        self._beat()
        job = submitted.job
        trials = [job.trials[index] for index in submitted.left]
        rest = replace(job, trials=trials, out=job.out.absolute(), fresh=_is_fresh(job, submitted.has_begun))
        submitted.sent = list(submitted.left)
        file, name = tempfile.mkstemp(suffix=".events", dir=self._folder)
        with open(file, "rb"):
            submitted.events, submitted.offset = Path(name), 0
        submitted.handle = self._executor.submit(Work(rest, submitted.events, self._folder / "beat"))
        self._jobs.append(submitted)

    def _look_at(self, submitted: _Submitted) -> None:
        """Read what is new of a job; if it has ended without a last word, give it again."""
        if not self._read(submitted) and submitted.handle.done() and not self._read(submitted):
            self._jobs.remove(submitted)
            submitted.tries += 1
            reason = f"job {submitted.handle.job_id} of SLURM ended: {submitted.handle.state}"
            if submitted.tries >= TRIES or not submitted.left:
                self._inbox.append(Report(submitted.job, End("killed", reason), is_last=True))
                return
            self._inbox.append(Report(submitted.job, Note(f"is given again ({reason})", index=submitted.left[0])))
            self._submit(submitted)

    def _read(self, submitted: _Submitted) -> bool:
        """Report what is new in the events of a job; returns whether they have come to their end."""
        for line in submitted.lines():
            submitted.has_begun = True
            event = events.of_message(line)
            if event.index < 0:  # the last word is about no trial
                assert isinstance(event, End)
                self._jobs.remove(submitted)
                self._inbox.append(Report(submitted.job, event, is_last=True))
                return True
            index = submitted.sent[event.index]
            if index not in submitted.left:  # SLURM has begun the job anew, and it skips what it had finished
                continue
            if isinstance(event, OVER):
                submitted.left.remove(index)
            self._inbox.append(Report(submitted.job, replace(event, index=index)))
        return False

    def _beat(self) -> None:
        if time.monotonic() >= self._next_beat:
            self._beats, self._next_beat = self._beats + 1, time.monotonic() + BEAT_SECONDS
            self._say(str(self._beats))

    def _say(self, word: str) -> None:
        assert self._folder is not None
        with writing.replacing(self._folder / "beat") as file:
            file.write(word.encode())


class _Submitted:
    """A job in SLURM's hands."""

    def __init__(self, job: Job, left: list[int]) -> None:
        self.job, self.left = job, left  # trials that have not ended
        self.sent: list[int] = []  # those that SLURM has, in its order
        self.handle: Any = None
        self.events, self.offset = Path(), 0
        self.tries, self.has_begun = 0, False

    def lines(self) -> Iterator[str]:
        """The whole lines that were not read yet."""
        with self.events.open("rb") as file:
            file.seek(self.offset)
            for line in file:
                if not line.endswith(b"\n"):
                    return
                self.offset += len(line)
                yield line.decode()


class Work:
    """What SLURM runs: the process of a job, as at home, and its events into a file."""

    def __init__(self, job: Job, events: Path, beat: Path) -> None:
        self._job, self._events, self._beat = job, events, beat
        self._pool = Pool()

    def __call__(self) -> None:
        """Run the job; ends early if it is asked to, or if nobody waits for it any more."""
        self._pool.start(self._job)
        heard, since = "", time.monotonic()
        while True:
            report = self._pool.listen(time.monotonic() + 1)
            if report is not None:
                self._tell(report)
                if report.is_last:
                    return
            with suppress(OSError):
                word = self._beat.read_text()
                heard, since = (word, time.monotonic()) if word != heard else (heard, since)
            if heard == ENDING or time.monotonic() - since > SILENCE_SECONDS:
                for report in self._pool.stop():
                    self._tell(report)
                self._tell(Report(self._job, End("interrupted", ""), is_last=True))
                return

    def checkpoint(self) -> Any:
        """SLURM takes the node away: end as at home, tell nobody, and be put in the queue again by submitit."""
        from submitit.helpers import DelayedSubmission

        for _ in self._pool.stop():
            pass
        job = replace(self._job, fresh=_is_fresh(self._job, self._events.stat().st_size > 0))
        return DelayedSubmission(Work(job, self._events, self._beat))

    def __getstate__(self) -> tuple[Job, Path, Path]:
        return self._job, self._events, self._beat

    def __setstate__(self, state: tuple[Job, Path, Path]) -> None:
        self.__init__(*state)  # type: ignore[misc]

    def _tell(self, report: Report) -> None:
        event = replace(report.event, index=-1) if report.is_last else report.event
        with self._events.open("a", encoding="utf-8") as file:
            file.write(events.message(event))


def _is_fresh(job: Job, has_begun: bool) -> bool:
    """Whether a job that is given again ignores what is there, which may be its own; of several trials some is not."""
    return job.fresh and not (has_begun and (job.is_at_once or len(job.trials) == 1))


def _answer(device: str) -> tuple[str, Answer | str]:
    return _node(), sites.answer(device)


def _data_problem(names: list[str]) -> tuple[str, str | None]:
    return _node(), local.data_problem(names)


def _node() -> str:
    return f"node {socket.gethostname()}"


def _read_value(text: str) -> int | float | str:
    """A number where it looks like one."""
    for kind in (int, float):
        with suppress(ValueError):
            return kind(text)
    return text
