"""Worker processes side by side: a thread each hears what one tells and queues it, for one thread to handle it all.

So only the thread that owns the crew starts workers, writes run files and shows progress: nothing needs a lock, and
Ctrl-C, which Python raises in the main thread, finds it waiting for the next event, whether one worker runs or many.
"""

from __future__ import annotations

import math
import signal
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import suppress
from queue import Empty, SimpleQueue
from typing import Any

from dlbench.trials.workers import endings, process

Event = dict[str, Any]
Told = tuple["Member", Event | None]  # None: it has ended
SLICE_SECONDS = 1.0  # of a wait: on Windows, Ctrl-C does not end one that may last for ever


class Member:
    """A worker, and the thread that hears what it tells."""

    def __init__(self, job: Mapping[str, Any], threads: int, timeout: float | None, heard: SimpleQueue[Told]) -> None:
        self._timeout = timeout
        self._kills = endings.oom_kills()
        self._errors = tempfile.TemporaryFile()  # noqa: SIM115  # lives as long as the worker
        self._worker = process.start("dlbench.trials.workers.trials", job, threads, self._errors)
        self._deadline = process.Deadline(self._worker, timeout)
        self._listener = threading.Thread(target=self._listen, args=[heard], daemon=True)
        self._listener.start()

    def _listen(self, heard: SimpleQueue[Told]) -> None:
        """Queue all events and, when the worker has ended, None. Nobody else touches its pipes."""
        try:
            for event in process.events(self._worker):
                heard.put((self, event))
            self._worker.wait()
        finally:
            process.stop(self._worker)
            heard.put((self, None))

    def put_off(self) -> None:
        """Give the worker all of its seconds again."""
        self._deadline.put_off()

    def end(self) -> Event:
        """How the worker, which has ended, did so: too late, or as its exit code and last words say."""
        self._deadline.cancel()
        with self._errors:
            if self._deadline.has_passed and self._timeout is not None:
                return endings.of_timeout(self._timeout)
            return endings.of_worker(self._worker.returncode, self._errors, self._kills)

    def ask_to_end(self) -> None:
        """Interrupt the worker, if it still runs."""
        self._deadline.cancel()
        if self._worker.poll() is None:
            self._worker.send_signal(signal.SIGTERM)

    def see_to_its_end(self, until: float) -> None:
        """Wait until it has ended; from that time (of time.monotonic) on, kill it and whatever it has started."""
        self._listener.join(max(0.0, until - time.monotonic()))
        if self._listener.is_alive():
            process.kill(self._worker)
            self._listener.join()
        self._errors.close()


class Crew:
    """The workers that run at the same time."""

    def __init__(self) -> None:
        self._members: set[Member] = set()
        self._heard: SimpleQueue[Told] = SimpleQueue()

    def __len__(self) -> int:
        return len(self._members)

    def start(self, job: Mapping[str, Any], threads: int, timeout: float | None) -> Member:
        """Start a worker; timeout: seconds after which it is killed, unless they are put off."""
        member = Member(job, threads, timeout, self._heard)
        self._members.add(member)
        return member

    def listen(self, until: float = math.inf) -> Told | None:
        """Wait for the next event of any worker, whose last is None; None by itself once time.monotonic() is there."""
        while time.monotonic() < until:
            with suppress(Empty):
                member, event = self._heard.get(timeout=SLICE_SECONDS)
                if event is None:
                    self._members.discard(member)
                return member, event
        return None

    def stop(self) -> Iterator[Told]:
        """End all workers, asking them all before waiting for any; returns, when none is left, what was not heard."""
        for member in self._members:
            member.ask_to_end()
        until = time.monotonic() + process.GRACE_SECONDS
        for member in self._members:
            member.see_to_its_end(until)
        self._members.clear()
        with suppress(Empty):
            while True:
                yield self._heard.get_nowait()
