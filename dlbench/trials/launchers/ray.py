"""Trials on the nodes of a Ray cluster: `--on auto`, `--on ray://HOST:PORT`, or `--on ray`, which starts one here.

A job sits at a desk: a Ray actor that has a share of a node, its CPUs and GPU, and starts the same process there as at
home. Desks are taken over by the next job, so that a job costs no process of Ray's; a plain Ray task could not be asked
to end and still report. Nodes need dlbench and the data sets, but no shared storage: see `copies`.

This side holds the locks of all trials that are away. If a node dies, its jobs are given to others, with what has come
back so far. If this side dies, Ray ends the desks, and their processes end with them.
"""

from __future__ import annotations

import logging
import os
import shutil
import signal
import socket
import tempfile
import threading
import time
from collections import deque
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final, NamedTuple

from dlbench.errors import InputError
from dlbench.measure import machine
from dlbench.parts import identity
from dlbench.records import events
from dlbench.records.events import OVER, Busy, End, Event, Note
from dlbench.spec.execution import Execution
from dlbench.trials import sites
from dlbench.trials.launchers import Job, Report, copies, local
from dlbench.trials.launchers.copies import Change, Copies
from dlbench.trials.launchers.local import Pool
from dlbench.trials.plan import Trial
from dlbench.trials.sites import Answer, Site
from dlbench.trials.workers import locking, runfile
from dlbench.trials.workers.channel import GRACE_SECONDS

TRIES: Final = 4  # nodes that may die under one job
NOTICE_SECONDS: Final = 3.0  # before it is given again, or Ray may give it to the node that has just died
SLICE_SECONDS: Final = 1.0  # after which a desk reports, whether or not there is anything new
GATHER_SECONDS: Final = 0.05  # for which a desk gathers events that come in a row
CONNECT_SECONDS: Final = 5.0
ANSWER_SECONDS: Final = 120.0  # for a node to start Python and load torch
GPU_TO_LOOK_AT: Final = 0.01  # of a GPU: Ray shows a task none that it has not asked for
MISSING: Final = "needs the package ray; pip install 'dlbench[ray]'"


@contextmanager
def opened(on: str, *_: Any) -> Iterator[Cluster]:
    """The cluster at this address, to which it connects when it is first asked for something."""
    cluster = Cluster(on)
    try:
        yield cluster
    finally:
        cluster.close()


@dataclass(eq=False)
class _Away:
    """A job under way: what is left of it, and at which desk."""

    job: Job
    locks: ExitStack
    until: float | None
    left: list[int]  # trials that have not ended
    sent: list[int] = field(default_factory=list)  # those that the desk has, in its order
    back: set[str] = field(default_factory=set)  # files that came back
    tries: int = 0
    desk: Any = None
    has_begun: bool = False
    again_at: float | None = None  # where it waits to be given again


class Cluster:
    """The launcher for a Ray cluster."""

    def __init__(self, address: str) -> None:
        self._address = address
        self._ray: Any = None
        self._site: Site | None = None
        self._nodes: list[Mapping[str, Any]] = []  # that take jobs
        self._idle: list[Any] = []  # desks
        self._under_way: list[_Away] = []
        self._waiting: dict[Any, _Away] = {}  # what a desk will report -> its job
        self._inbox: deque[Report] = deque()
        self._is_stopping = False  # then no job is given again

    @property
    def machines(self) -> int:
        """The nodes that have been asked what they are."""
        return len(self._nodes)

    def __len__(self) -> int:
        return len(self._under_way) + sum(report.is_last for report in self._inbox)

    def site(self, device: str) -> Site:
        """What all nodes with such a device are; connects to the cluster."""
        if self._ray is None:
            self._ray = _connected(self._address)
        alive = [node for node in self._ray.nodes() if node["Alive"] and node["Resources"].get("CPU", 0) >= 1]
        self._nodes = sorted(alive, key=_name)
        if device.partition(":")[0] not in ("auto", "cpu"):
            with_gpu = [node for node in self._nodes if _gpus(node)]
            if not with_gpu:
                raise InputError(f"--device {device}: no GPU at {', '.join(map(_name, self._nodes))}")
            self._nodes = with_gpu
        if not self._nodes:
            raise InputError(f"--on {self._address}: the cluster has no node with a CPU for tasks")
        answers = self._ask(sites.answer, device, needs_gpu=device != "cpu")
        nodes = {_name(node): node for node in self._nodes}
        self._site = sites.agreed({name: _as_shared(answers[name], node) for name, node in nodes.items()})
        return self._site

    def check_data(self, names: Collection[str]) -> None:
        """Verify the data sets at each node."""
        for node, problem in self._ask(local.data_problem, list(names)).items() if names else ():
            if problem is not None:
                raise InputError(f"{node}: {problem}")

    def start(self, job: Job) -> None:
        """Lock the trials and give the job a desk, or let it wait for one in Ray's queue."""
        locks = ExitStack()
        try:
            for batch in [job.trials] if job.is_at_once else [[trial] for trial in job.trials]:
                locks.enter_context(runfile.claimed(batch, job.out))
        except (locking.Busy, runfile.Unwritable) as error:
            locks.close()
            self._refuse(job, Busy() if isinstance(error, locking.Busy) else End("failed", str(error)))
            return
        until = None if job.seconds is None else time.monotonic() + job.seconds
        away = _Away(job, locks, until, list(range(len(job.trials))))
        self._under_way.append(away)
        self._give(away)

    def listen(self, until: float) -> Report | None:
        """Wait for the next report of any desk."""
        while not self._inbox and time.monotonic() < until:
            for away in self._under_way:
                if away.again_at is not None and time.monotonic() >= away.again_at:
                    self._give(away)
            patience = min(SLICE_SECONDS, max(0.0, until - time.monotonic()))
            if not self._waiting:
                time.sleep(patience)
            for ref in self._ray.wait(list(self._waiting), timeout=patience)[0] if self._waiting else ():
                self._hear(ref)
        return self._inbox.popleft() if self._inbox else None

    def stop(self) -> Iterable[Report]:
        """Ask all desks that have begun to end their jobs, all of them before waiting for any; then end the desks."""
        under_way = list(self._under_way)
        self._is_stopping = True
        try:
            for away in under_way:
                if away.has_begun:
                    self._waiting[away.desk.stop.remote()] = away
            until = time.monotonic() + GRACE_SECONDS + 2 * SLICE_SECONDS
            while (refs := [ref for ref, away in self._waiting.items() if away.has_begun]) and time.monotonic() < until:
                for ref in self._ray.wait(refs, timeout=SLICE_SECONDS)[0]:
                    self._take(ref)
        finally:
            for desk in [*self._idle, *(away.desk for away in under_way)]:
                self._ray.kill(desk)
            for away in under_way:
                away.locks.close()
            self._idle.clear()
            self._under_way.clear()
            self._waiting.clear()
            self._is_stopping = False
        reports = [report for report in self._inbox if not report.is_last]
        self._inbox.clear()
        return reports

    def close(self) -> None:
        """Leave the cluster, and end it if it was started here."""
        if self._ray is not None:
            self._ray.shutdown()

    def _ask(self, question: Callable[..., Any], *arguments: Any, needs_gpu: bool = False) -> dict[str, Any]:
        """The answer of each node to a function of this dlbench; raises InputError for one that has none."""
        from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

        asked = self._ray.remote(max_calls=1)(question)  # what it has loaded is of no use to others
        refs = {}
        for node in self._nodes:
            gpu = GPU_TO_LOOK_AT if needs_gpu and _gpus(node) else 0
            place = NodeAffinitySchedulingStrategy(node["NodeID"], soft=False)
            options = asked.options(num_cpus=0, num_gpus=gpu, max_retries=0, scheduling_strategy=place)
            refs[_name(node)] = options.remote(*arguments)
        until = time.monotonic() + ANSWER_SECONDS
        return {node: self._answer(node, ref, until) for node, ref in refs.items()}

    def _answer(self, node: str, ref: Any, until: float) -> Any:
        try:
            return self._ray.get(ref, timeout=max(0.1, until - time.monotonic()))
        except self._ray.exceptions.GetTimeoutError:
            raise InputError(f"{node}: gave no answer in {ANSWER_SECONDS:.0f} s") from None
        except self._ray.exceptions.RayError as error:
            if "No module named 'dlbench" in str(error):
                raise InputError(f"{node}: has no dlbench, or another one; install the same as here") from None
            raise InputError(f"{node}: gives no answer ({_line(error)})") from None

    def _refuse(self, job: Job, event: Event) -> None:
        """Report this of all trials of a job that has no desk."""
        self._inbox += [Report(job, replace(event, index=index)) for index in range(len(job.trials))]
        self._inbox.append(Report(job, End("failed", "did not begin"), is_last=True))

    def _give(self, away: _Away) -> None:
        """Send what is left of the job to a desk."""
        job = away.job
        trials = [job.trials[index] for index in away.left]
        files = copies.of_trials(trials, job.out)
        is_fresh = job.fresh and not away.back
        if job.fresh and away.back:  # it goes on from what came back, and from nothing older
            files = {name: content for name, content in files.items() if name in away.back}
        seconds = None if away.until is None else max(0.0, away.until - time.monotonic())
        away.desk = self._idle.pop() if self._idle else self._new_desk(trials[0].execution)
        away.sent, away.has_begun, away.again_at = list(away.left), False, None
        rest = replace(job, trials=trials, fresh=is_fresh, seconds=seconds)
        self._waiting[away.desk.begin.remote(rest, files, _own_files(trials[0]))] = away

    def _new_desk(self, execution: Execution) -> Any:
        """An actor with a trial's share of a node: where `--jobs` says how many share it, no more than that come."""
        assert self._site is not None
        cpus = self._site.cores // execution.jobs
        gpus = min(1.0, self._site.gpus / execution.jobs) if execution.device != "cpu" else 0
        desk = self._ray.remote(Desk).options(
            num_cpus=cpus, num_gpus=gpus, max_restarts=0, max_task_retries=0, scheduling_strategy="SPREAD"
        )
        return desk.remote()

    def _hear(self, ref: Any) -> None:
        """Take what a desk reports; it goes on, or its job has ended, or is given again."""
        away = self._waiting[ref]
        if self._take(ref):
            self._waiting[away.desk.listen.remote()] = away

    def _take(self, ref: Any) -> bool:
        """Take what a desk reports; returns whether its job is still under way there.

        Ctrl-C in the middle of it does no harm: the same changes may be made twice.
        """
        away = self._waiting[ref]
        try:
            batch: Batch = self._ray.get(ref)
            copies.apply(batch.changes, away.job.out)
        except self._ray.exceptions.RayTaskError as error:
            del self._waiting[ref]
            self._end(away, End("failed", f"at its node: {_line(error.cause)}"))
            return False
        except self._ray.exceptions.RayError as error:
            del self._waiting[ref]
            self._again(away, _line(error))
            return False
        except ConnectionError as error:
            raise InputError(f"--on {self._address}: the connection was lost ({_line(error)})") from None
        except OSError as error:
            del self._waiting[ref]
            self._ray.kill(away.desk)
            self._end(away, End("failed", f"{error.filename}: cannot be written ({error.strerror})"))
            return False
        del self._waiting[ref]
        away.has_begun = True
        away.back |= {change.name for change in batch.changes}
        for event in map(events.of_message, batch.messages):
            index = away.sent[event.index]
            if isinstance(event, OVER):
                away.left.remove(index)
            self._inbox.append(Report(away.job, replace(event, index=index)))
        if batch.end is not None:
            self._idle.append(away.desk)
            end = events.of_message(batch.end)
            assert isinstance(end, End)
            self._end(away, end)
        return batch.end is None

    def _end(self, away: _Away, end: End) -> None:
        away.locks.close()
        self._under_way.remove(away)
        self._inbox.append(Report(away.job, end, is_last=True))

    def _again(self, away: _Away, reason: str) -> None:
        """Give a job again, in a moment, whose desk was lost: from the files that came back."""
        self._ray.kill(away.desk)  # it may only be out of reach
        away.tries += 1
        away.has_begun = False
        if away.tries >= TRIES or not away.left or self._is_stopping:
            self._end(away, End("killed", f"lost its node {away.tries} times: {reason}"))
            return
        self._inbox.append(
            Report(away.job, Note(f"lost its node, is given another one ({reason})", index=away.left[0]))
        )
        away.again_at = time.monotonic() + NOTICE_SECONDS


class Batch(NamedTuple):
    """What a desk reports. messages: events; end: how the job's process has ended, if it has."""

    messages: list[str]
    changes: list[Change]
    end: str | None


class Desk:
    """At a node: the process of one job after the other, and the folder of each."""

    def __init__(self) -> None:
        self._pool = Pool()
        self._folder = Path()
        self._out = ""

    def begin(self, job: Job, files: Mapping[str, bytes], own: Mapping[str, bytes]) -> Batch:
        """Start the process of a job, which finds the files as if they had been written here."""
        self._folder = Path(tempfile.mkdtemp(prefix="dlbench-"))
        self._out = str(job.out)
        recipe = job.trials[0].recipe.path.name
        for name, content in own.items():
            path = self._folder / "recipe" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
        (self._folder / "recipe").mkdir(exist_ok=True)
        os.chdir(self._folder / "recipe")  # where a model may look for its own files
        self._copies = Copies(self._folder / "results", files)
        trials = [_moved(trial, self._folder / "recipe" / recipe) for trial in job.trials]
        self._pool.start(replace(job, trials=trials, out=self._folder / "results"))
        return self.listen()

    def listen(self) -> Batch:
        """What is new; waits for it, but not for long."""
        reports: list[Report] = []
        until = time.monotonic() + SLICE_SECONDS
        while (report := self._pool.listen(until)) is not None:
            reports.append(report)
            if report.is_last:
                break
            until = min(until, time.monotonic() + GATHER_SECONDS)
        return self._batch(reports)

    def stop(self) -> Batch:
        """End the process as at home; what it reported on the way is new."""
        if not len(self._pool):
            return Batch([], [], None)
        return self._batch([*self._pool.stop()])

    def _batch(self, reports: list[Report]) -> Batch:
        messages = [self._told(report.event) for report in reports]
        changes = self._copies.changes()
        has_ended = not len(self._pool)
        end = messages.pop() if reports and reports[-1].is_last else None
        if has_ended:
            os.chdir(tempfile.gettempdir())
            shutil.rmtree(self._folder, ignore_errors=True)
        return Batch(messages, changes, end)

    def _told(self, event: Event) -> str:
        """The message of an event; a file is called by its path at the other side."""
        return events.message(event).replace(str(self._folder / "results"), self._out)


def _moved(trial: Trial, path: Path) -> Trial:
    return replace(trial, recipe=replace(trial.recipe, path=path))


def _own_files(trial: Trial) -> dict[str, bytes]:
    """The user's own modules, and the data files that the recipe names, by their path from its folder."""
    if trial.code is None:
        return {}
    names = {*trial.code.files, *trial.code.pictures, *trial.code.data}
    own = [name for name in names if not identity.is_of_dlbench(name) and not {"", "/", ".."} & {*Path(name).parts}]
    files = ((name, folder / name) for name in own for folder in (Path.cwd(), trial.recipe.path.parent))
    return {name: path.read_bytes() for name, path in files if path.is_file()}


def _connected(address: str) -> Any:
    """The module ray, connected; raises InputError."""
    try:
        import ray
    except ImportError:
        raise InputError(f"--on {address}: {MISSING}") from None
    options: dict[str, Any] = {"address": "local" if address == "ray" else address}
    if address == "ray":
        os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")  # else it tells its makers
        options |= {"num_cpus": machine.cores(), "include_dashboard": False, "_system_config": {"worker_niceness": 0}}
    where = os.environ.get("RAY_ADDRESS", "") if address == "auto" else address
    if ":" in where:
        _check_open(address, where)
    try:
        with _to_ourselves(is_local=address == "ray"):
            ray.init(**options, log_to_driver=False, logging_level=logging.ERROR)
    except (ConnectionError, OSError, RuntimeError, ValueError) as error:
        raise InputError(f"--on {address}: {_line(error)}") from None
    return ray


@contextmanager
def _to_ourselves(is_local: bool) -> Iterator[None]:
    """While Ray starts: SIGTERM stays ours, and what is started here listens to this machine alone.

    Ray does that by itself on a Mac, and has no other switch for it.
    """
    from ray._private import ray_constants

    handler, is_open = signal.getsignal(signal.SIGTERM), ray_constants.ENABLE_RAY_CLUSTER
    ray_constants.ENABLE_RAY_CLUSTER = is_open and not is_local
    try:
        yield
    finally:
        ray_constants.ENABLE_RAY_CLUSTER = is_open
        if threading.current_thread() is threading.main_thread():
            signal.signal(signal.SIGTERM, handler)


def _check_open(address: str, where: str) -> None:
    """Raise InputError at once where Ray would try for minutes."""
    host, _, port = where.rpartition("://")[2].rpartition(":")
    if not host or not port.isdecimal():
        raise InputError(f"--on {address}: {where} is not HOST:PORT")
    try:
        socket.create_connection((host.strip("[]"), int(port)), CONNECT_SECONDS).close()
    except OSError as error:
        raise InputError(f"--on {address}: {where} cannot be reached ({error.strerror or error})") from None


def _as_shared(said: Answer | str, node: Mapping[str, Any]) -> Answer | str:
    """An answer with what Ray may give away of the node."""
    if isinstance(said, str):
        return said
    cores = min(said.site.cores, int(node["Resources"]["CPU"]))
    gpus = _gpus(node) if said.site.device != "cpu" else 0
    return replace(said, site=replace(said.site, cores=cores, gpus=gpus))


def _gpus(node: Mapping[str, Any]) -> int:
    return int(node["Resources"].get("GPU", 0))


def _name(node: Mapping[str, Any]) -> str:
    return f"node {node['NodeName']}"


def _line(error: BaseException) -> str:
    """The first line of what an error says."""
    with suppress(StopIteration):
        return next(line.strip() for line in str(error).splitlines() if line.strip())
    return type(error).__name__
