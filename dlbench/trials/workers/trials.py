"""The process in which trials run: it reads a job, writes the run files, and sends its parent every event.

A run file is begun only when data and model are there: a refused or changed trial leaves nothing.
"""

from __future__ import annotations

import math
import time
from collections.abc import Collection, Iterator, Mapping
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

from dlbench.errors import InputError
from dlbench.measure import disturbance, machine, memory
from dlbench.measure.disturbance import Reading, Watch
from dlbench.numbers import NoResult
from dlbench.parts import identity, modules
from dlbench.parts.identity import Identity
from dlbench.records import events, store
from dlbench.records.events import End, Event, Lap, Ready, Resumed
from dlbench.training.checkpoint import Checkpoint, Unfit
from dlbench.trials import plan, standing, switches, trial, weights
from dlbench.trials.plan import Trial
from dlbench.trials.setup import Bench
from dlbench.trials.workers import channel, checkpoint_file, endings, locking, reads, runfile
from dlbench.trials.workers.channel import Tell
from dlbench.trials.workers.checkpoint_file import CheckpointFile
from dlbench.trials.workers.runfile import RunFile, Unwritable

LOOK_AROUND_SECONDS = 10.0  # into a trial: by then other processes show whether they disturb it


def main() -> None:
    """Run the trials described on standard input, which differ in nothing but their seed."""
    job, tell = channel.job()
    trials = [plan.from_dict(record) for record in job["trials"]]
    modules.stay_importable(trials[0].recipe.path.parent)
    try:
        until = math.inf if job["seconds"] is None else time.monotonic() + job["seconds"]
        out = Path(job["out"]).absolute()  # a model may go to another folder
        work(
            trials, out, tell, fresh=job["fresh"], accepted=job["accepted"], until=until,
            keep_weights=job["keep_weights"],
        )  # fmt: skip
    except InputError as error:
        tell(events.Refused(str(error)))


def work(
    trials: list[Trial],
    out: Path,
    tell: Tell,
    *,
    fresh: bool = False,
    accepted: Collection[str] = (),
    until: float = math.inf,
    keep_weights: bool = False,
) -> None:
    """Run the trials at once if they make one batched model, else one after the other.

    fresh: run them even if they are finished. accepted: changes for which nothing is run again. until: the time of
    time.monotonic() at which a trial is interrupted. keep_weights: write them beside
    each run. Ends early if it is interrupted; raises InputError for what the user can mend.
    """
    everyone = dict(enumerate(trials))
    at_once = trials[0].recipe.together == "model"
    for batch in [everyone] if at_once else [{index: chosen} for index, chosen in everyone.items()]:
        try:
            with runfile.claimed(list(batch.values()), out):
                left = batch if fresh else dict(_unfinished(batch, out, tell, accepted, keep_weights))
                if left and not _Batch(left, out, tell, fresh, until, keep_weights).run():
                    return
        except locking.Busy:
            for index in batch:
                tell(events.Busy(index=index))
        except Unwritable as error:
            for index in batch:
                tell(End("failed", str(error), index=index))


def _unfinished(
    batch: Mapping[int, Trial], out: Path, tell: Tell, accepted: Collection[str], keep_weights: bool
) -> Iterator[tuple[int, Trial]]:
    """The trials that nobody has finished since the parent looked."""
    for index, chosen in batch.items():
        state = standing.of_own_file(chosen, out, accepted, with_weights=keep_weights)
        if state.is_done:
            tell(events.Skipped(state.status, index=index))
        else:
            yield index, chosen


class _Batch:
    """Trials that learn at once, most often just one, with their run files; all of them claimed."""

    def __init__(
        self, trials: Mapping[int, Trial], out: Path, tell: Tell, fresh: bool, until: float, keep_weights: bool
    ) -> None:
        self._trials = trials
        self._until, self._keep_weights = until, keep_weights
        self._out = out
        self._tell = tell
        self._files: dict[int, RunFile] = {}
        self._left = set(trials)  # have not ended
        self._offset: int | None = None  # where a run file goes on
        self._data_files: Mapping[str, str] = {}
        self._built: Bench | None = None
        if fresh:
            self._forget()

    def run(self) -> bool:
        """Run them; each gets its end, whatever happens. Returns whether to go on with others."""
        try:
            self._learn()
            return True
        except InputError:
            raise
        except reads.Changed as error:
            for index in self._trials:
                self._tell(events.Changed(str(error), index=index))
            return True
        except (Unwritable, NoResult) as error:
            end = End("failed", str(error))
        except (KeyboardInterrupt, Exception) as error:
            end = endings.of_error(error)
        with suppress(BrokenPipeError):  # with nobody to tell, write at least
            for index in sorted(self._left):
                self._end(replace(end, index=index))
        return end.status != "interrupted"

    def _learn(self) -> None:
        built = self._build()
        for note in switches.notes(built):
            self._note(note)
        if not built.can_continue:
            self._follow(trial.run(built), None)
            return
        file = CheckpointFile(next(iter(self._trials.values())).path(self._out), _identity(built))
        checkpoint = self._checkpoint(file)
        try:
            self._follow(trial.run(built, checkpoint), (file, checkpoint))
        except Unfit as error:
            self._note(f"{file.path}: does not fit any more ({error}); begins anew")
            self._forget()
            checkpoint = Checkpoint()
            self._follow(trial.run(self._build(), checkpoint), (file, checkpoint))

    def _build(self) -> Bench:
        """Data and model; raises reads.Changed if code or data are not those that were planned."""
        chosen = list(self._trials.values())
        folder = chosen[0].recipe.path.parent
        memory.begin_anew(chosen[0].execution.device)
        with reads.listening() as read:
            self._built = built = switches.build(chosen)
        _check_machine(chosen[0])
        loaded = identity.of(chosen[0].recipe, is_loaded=True)
        _check_planned(chosen[0].code, loaded)
        self._data_files = {**read.digests(folder), **loaded.data}
        self._trials = {index: replace(trial, loaded=loaded) for index, trial in self._trials.items()}
        return built

    def _checkpoint(self, file: CheckpointFile) -> Checkpoint:
        """The checkpoint to continue from, or an empty one if there is none that can be used."""
        content = file.read()
        if isinstance(content, tuple):
            state, self._offset = content
            return Checkpoint(state)
        if content is not None:
            self._note(f"{content}; begins anew")
            self._forget()
        return Checkpoint()

    def _follow(self, steps: Iterator[Event], keep: tuple[CheckpointFile, Checkpoint] | None) -> None:
        """Write and send the events; keep a checkpoint now and then, at the edges where it may be kept."""
        indices, began = list(self._trials), time.monotonic()
        watch = Watch()
        looked = False
        for step in steps:
            event = replace(step, index=indices[step.index])
            match event:
                case events.Edge(number):
                    is_over = self._time_is_over()
                    if keep is not None and (keep[0].is_due or is_over):
                        self._keep(*keep, number)
                    if is_over:
                        raise KeyboardInterrupt  # ends as if somebody had asked for it, right after its checkpoint
                case End():
                    self._end(event)
                case _:
                    if isinstance(event, Lap) and not looked and time.monotonic() - began >= LOOK_AROUND_SECONDS:
                        looked = True
                        self._note_crowding(watch.read())
                    self._record(event)
                    if isinstance(event, Lap) and keep is None and self._time_is_over():
                        raise KeyboardInterrupt

    def _record(self, event: Event) -> None:
        """Write and send an event; the first of a trial begins its file, or continues it."""
        if isinstance(event, Ready):
            loaded = self._trials[event.index].loaded
            event = replace(event, code=loaded.digest if loaded else None, data_files=dict(self._data_files))
        if isinstance(event, Ready | Resumed):
            self._open(event.index)
        if not isinstance(event, events.Estimate):
            self._files[event.index].write(event)
        self._tell(event)

    def _note_crowding(self, reading: Reading) -> None:
        """Note that fewer threads would be faster; going on with fewer would change what is computed."""
        threads = next(iter(self._trials.values())).execution.threads
        if advice := disturbance.crowding(reading, threads=threads, cores=machine.cores()):
            self._note(advice)

    def _time_is_over(self) -> bool:
        return time.monotonic() >= self._until

    def _open(self, index: int) -> None:
        file = self._files[index] = RunFile(self._trials[index], self._out, self._offset)
        if file.aside is not None:
            self._note(f"{file.path}: was not a run file; what it held is in {file.aside.name}")

    def _keep(self, file: CheckpointFile, checkpoint: Checkpoint, step: int) -> None:
        """Write a checkpoint; if that fails, only the checkpoint is lost."""
        try:
            file.write(checkpoint.state(step), next(iter(self._files.values())).size())
        except (OSError, RuntimeError) as error:  # torch wraps what the system says
            self._note(f"{file.path}: no checkpoint could be written ({error})".partition("\n")[0])

    def _end(self, end: End) -> None:
        """Send how a trial ended, and write it if that is possible."""
        chosen = self._trials[end.index]
        if self._keep_weights and end.status == "finished":
            self._write_weights(end.index)
        try:
            if end.index in self._files:
                self._files[end.index].write(end)
            else:
                runfile.append_end(chosen, self._out, end)
        except Unwritable as error:
            if end.status in store.DONE:
                end = End("failed", str(error), index=end.index)
        if end.status in store.DONE:
            with suppress(OSError):
                checkpoint_file.remove(chosen.path(self._out))
        self._left.discard(end.index)
        self._tell(end)

    def _write_weights(self, index: int) -> None:
        """Write the weights beside the run, before it counts as finished; if that fails, only they are lost."""
        assert self._built is not None
        model = self._built.models()[list(self._trials).index(index)]
        path = self._trials[index].path(self._out)
        try:
            weights.keep(model, path)
        except (OSError, RuntimeError) as error:
            self._note(f"{path}: no weights could be written ({error})".partition("\n")[0])

    def _forget(self) -> None:
        self._offset = None
        for chosen in self._trials.values():
            with suppress(OSError):
                checkpoint_file.remove(chosen.path(self._out))

    def _note(self, message: str) -> None:
        self._tell(events.Note(message, index=min(self._trials)))


def _check_machine(chosen: Trial) -> None:
    """Raise reads.Changed on another machine than was planned, such as a node that joined a cluster since."""
    fingerprint = machine.describe(chosen.execution.device)["fingerprint"]
    if fingerprint != chosen.fingerprint:
        raise reads.Changed(f"planned for machine {chosen.fingerprint}, but this is {fingerprint}")


def _check_planned(planned: Identity | None, loaded: Identity) -> None:
    """Raise reads.Changed if what was loaded is not what was planned."""
    if planned is None:
        return
    pairs = [(getattr(planned, kind), getattr(loaded, kind)) for kind in ("files", "pictures", "data", "versions")]
    changed = [key for before, now in pairs for key, digest in before.items() if now.get(key) != digest]
    if changed:
        raise reads.Changed(f"{', '.join(changed)} changed since this run was planned")


def _identity(built: Bench) -> dict[str, Any]:
    """What must be the same for a trial to be continued."""
    [chosen] = built.trials
    versions = {name: value for name, value in machine.versions().items() if name in ("torch", "dlbench")}
    return {"schema": store.SCHEMA, "trial": chosen.digest, "data": built.data.digest, **versions}


if __name__ == "__main__":
    channel.run(main)
