"""Trials as processes of this machine, in turns or side by side.

Each process has a thread that reads its events into a queue. Only the thread that owns the pool handles them, starts
processes, writes run files and shows progress, so nothing needs a lock. Ctrl-C, which Python raises in the main thread,
finds it waiting for the next event, whether one process runs or many.

Each process is a fresh interpreter. Its standard input stays open until we end, however that happens; then the process
ends as well.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Collection, Generator, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import IO, Any

import psutil

from dlbench import exits
from dlbench.data import sources
from dlbench.errors import InputError
from dlbench.records import events
from dlbench.records.events import OVER, Built, End, Event, Failed, Turn
from dlbench.trials import sites
from dlbench.trials.launchers import Job, Report
from dlbench.trials.sites import Site
from dlbench.trials.workers import endings
from dlbench.trials.workers.channel import GRACE_SECONDS

SLICE_SECONDS = 1.0  # of a wait: on Windows, Ctrl-C does not end one that may last for ever
TRIALS = "dlbench.trials.workers.trials"
# Threads that sleep as soon as they wait cost nets a third of their speed on idle cores; threads that spin for long, as
# is libgomp's default, cost as much once something else wants a core. A few microseconds of spinning do neither.
PATIENT = {"GOMP_SPINCOUNT": "5000"}
SEEDED = {"PYTHONHASHSEED": "0"}  # else a set of strings has another order in each process
Inbox = SimpleQueue[tuple[Job, Event | None]]  # None: the process has ended


class Pool:
    """The launcher for this machine."""

    machines = 1

    def __init__(self) -> None:
        self._processes: dict[Job, JobProcess] = {}
        self._inbox: Inbox = SimpleQueue()

    def __len__(self) -> int:
        return len(self._processes)

    def site(self, device: str) -> Site:
        """What this machine is."""
        return sites.here(device)

    def check_data(self, names: Collection[str]) -> None:
        """Verify the checksums of the data sets that lie here."""
        from dlbench.data.files import verify

        for name in names:
            verify(name, sources.data_folder())

    def start(self, job: Job) -> None:
        """Start a process."""
        self._processes[job] = JobProcess(job, self._inbox)

    def listen(self, until: float) -> Report | None:
        """Wait for the next event of any process."""
        while time.monotonic() < until:
            with suppress(Empty):
                job, event = self._inbox.get(timeout=max(0.0, min(SLICE_SECONDS, until - time.monotonic())))
                if event is None:
                    return Report(job, self._processes.pop(job).end(), is_last=True)
                if isinstance(event, OVER) and not job.is_at_once:
                    self._processes[job].deadline.renew()  # for the next trial
                return Report(job, event)
        return None

    def stop(self) -> Iterator[Report]:
        """End all processes, asking them all before waiting for any; a second Ctrl-C kills those that are left."""
        try:
            for process in self._processes.values():
                process.ask_to_end()
            until = time.monotonic() + GRACE_SECONDS
            for process in self._processes.values():
                process.wait(until)
        finally:
            for process in self._processes.values():
                process.kill()
            self._processes.clear()
        with suppress(Empty):
            while True:
                job, event = self._inbox.get_nowait()
                if event is not None:
                    yield Report(job, event)


def data_problem(names: Collection[str]) -> str | None:
    """Why data sets are of no use at the machine where this is called; None if they are."""
    try:
        Pool().check_data(names)
    except InputError as error:
        return str(error)
    return None


@contextmanager
def opened(*_: Any) -> Iterator[Pool]:
    """Here nothing is opened or ended: the runner leaves no process."""
    yield Pool()


class JobProcess:
    """The process of a job, and the thread that reads its events; nobody else touches its pipes."""

    def __init__(self, job: Job, inbox: Inbox) -> None:
        self._job = job
        self._kills = endings.oom_kills()
        self._errors = tempfile.TemporaryFile()  # noqa: SIM115  # lives as long as the process
        self._process = start(TRIALS, job.as_dict(), job.threads, self._errors)
        self.deadline = Deadline(self._process, job.timeout)
        self._thread = threading.Thread(target=self._listen, args=[inbox], daemon=True)
        self._thread.start()

    def _listen(self, inbox: Inbox) -> None:
        """Queue all events and, when the process has ended, None."""
        try:
            for event in events_of(self._process):
                inbox.put((self._job, event))
            self._process.wait()
        finally:
            stop(self._process)
            inbox.put((self._job, None))

    def end(self) -> End:
        """How the process ended: too late, or as its exit code and last words say."""
        self.deadline.cancel()
        with self._errors:
            if self.deadline.has_passed and self._job.timeout is not None:
                return End("timeout", f"took longer than {self._job.timeout:g} s")
            return endings.of_process(self._process.returncode, self._errors, self._kills)

    def ask_to_end(self) -> None:
        """Interrupt the process, if it still runs."""
        self.deadline.cancel()
        if self._process.poll() is None:
            _ask_to_end(self._process)

    def wait(self, until: float) -> None:
        """Wait for its end until that time (of time.monotonic), then kill it and whatever it has started."""
        self._thread.join(max(0.0, until - time.monotonic()))
        if self._thread.is_alive():
            kill(self._process)
            self._thread.join()
        self._errors.close()

    def kill(self) -> None:
        """End the process at once, if it still runs, whatever a wait that was interrupted takes it for."""
        if self._process.poll() is None:
            kill(self._process)
            self._process.wait()
        self._errors.close()


class Deadline:
    """Kills a process, from a thread, unless it is renewed in time; never if seconds is None."""

    def __init__(self, process: subprocess.Popen[str], seconds: float | None) -> None:
        self.has_passed = False
        self._process = process
        self._seconds = seconds
        self._timer: threading.Timer | None = None
        self.renew()

    def renew(self) -> None:
        """Give the process all of its seconds again."""
        self.cancel()
        if self._seconds is not None and not self.has_passed:
            self._timer = threading.Timer(self._seconds, self._pass)
            self._timer.daemon = True
            self._timer.start()

    def cancel(self) -> None:
        """Do not kill the process."""
        if self._timer is not None:
            self._timer.cancel()

    def _pass(self) -> None:
        self.has_passed = True
        if self._process.poll() is None:
            kill(self._process)


def answers(module: str, job: Mapping[str, Any], threads: int, lines: Iterable[str] = ()) -> Generator[Event]:
    """The events of a new process for a job; the last one is a Failed that says how the process ended.

    lines: the process gets one after each Built and Turn, and is stopped when there are no more. Close this iterator to
    stop the process earlier.
    """
    unread = iter(lines)
    with tempfile.TemporaryFile() as errors:
        process = start(module, job, threads, errors)
        try:
            for event in events_of(process):
                yield event
                if isinstance(event, Built | Turn) and not _passed_on(next(unread, ""), process):
                    return
            process.wait()
        finally:
            stop(process)
        yield Failed(endings.last_words(process.returncode, errors))


def _passed_on(line: str, process: subprocess.Popen[str]) -> bool:
    """Send the process the line; returns whether there was one."""
    assert process.stdin is not None
    with suppress(BrokenPipeError):  # it ended without a word, and so do its events
        process.stdin.write(f"{line.strip()}\n" if line else "")
        process.stdin.flush()
    return bool(line)


def start(module: str, job: Mapping[str, Any], threads: int, errors: IO[bytes]) -> subprocess.Popen[str]:
    """Run a module in a session of its own, so that Ctrl-C reaches only us; we pass it on. `stop` it in the end."""
    process = subprocess.Popen(
        [sys.executable, "-P", "-m", module],  # -P: a folder called dlbench in the current one is not ours
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=errors, encoding="utf-8", start_new_session=True,
        creationflags=getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0),  # a session, as Windows has it
        env=PATIENT | os.environ | SEEDED | {"OMP_NUM_THREADS": str(threads), "PYTHONPATH": _import_path()},
    )  # fmt: skip
    threading.Thread(target=_sweep, args=[process], daemon=True).start()
    assert process.stdin is not None
    with suppress(BrokenPipeError):  # it died at once: its events end before they begin
        process.stdin.write(json.dumps(job) + "\n")
        process.stdin.flush()
    return process


def _sweep(process: subprocess.Popen[str]) -> None:
    """When the process has ended, kill what it has left running: that would keep its output open, and its locks."""
    process.wait()
    if exits.HAS_SIGNALS:
        kill(process)


def _import_path() -> str:
    """PYTHONPATH of a process: this very package first, whatever else is installed."""
    return os.pathsep.join(filter(None, [str(Path(__file__).parents[3]), os.environ.get("PYTHONPATH")]))


def events_of(process: subprocess.Popen[str]) -> Iterator[Event]:
    """The events of the process, until it ends."""
    assert process.stdout is not None
    for line in process.stdout:
        with suppress(events.Unreadable):  # a process that is killed while it writes leaves half a line
            yield events.of_message(line)


def stop(process: subprocess.Popen[str]) -> None:
    """Ask a process that still runs to end; kill it if it does not."""
    assert process.stdin is not None
    assert process.stdout is not None
    if process.poll() is None:
        _ask_to_end(process)
        try:
            process.wait(GRACE_SECONDS)
        except subprocess.TimeoutExpired:
            kill(process)
            process.wait()
    with suppress(BrokenPipeError):
        process.stdin.close()
    process.stdout.close()


def _ask_to_end(process: subprocess.Popen[str]) -> None:
    """By SIGTERM; where that would end it without a word, by the end of its input, which it takes for the parent's."""
    if exits.HAS_SIGNALS:
        process.send_signal(signal.SIGTERM)
        return
    assert process.stdin is not None
    with suppress(OSError):
        process.stdin.close()


def kill(process: subprocess.Popen[str]) -> None:
    """End a process, and whatever it has started, without asking."""
    if exits.HAS_SIGNALS:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        return
    with suppress(psutil.NoSuchProcess):
        for child in psutil.Process(process.pid).children(recursive=True):
            with suppress(psutil.NoSuchProcess):
                child.kill()
    process.kill()
