"""Whether a run that is there answers a trial and, if it does not, what has changed since it ran."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from dlbench import identity, raw_files, store
from dlbench.plan import Execution, Trial

KINDS = ("code", "data", "version")  # of change, that a user may accept
SHARE = ("threads", "jobs")  # of the machine: with more or less of it a run means the same
OF_0_1 = "run by dlbench 0.1, which kept no digests of code"


class Change(NamedTuple):
    """What is not as it was when a trial ran. kind: code, data or version, or holds: what its run file has to show."""

    kind: str
    words: str


@dataclass(frozen=True)
class Standing:
    """How a trial stands: the run nearest to it, and what has changed since; its own file, if there is none.

    accepted: the kinds of change that do not count.
    """

    path: Path
    status: str
    changes: tuple[Change, ...] = ()
    accepted: Collection[str] = ()
    started: str = ""

    @property
    def is_done(self) -> bool:
        """Whether the trial need not run."""
        return self.status in store.DONE and all(change.kind in self.accepted for change in self.changes)


def of(trial: Trial, out: Path, accepted: Collection[str] = (), *, any_share: bool = False) -> Standing:
    """How the trial stands in this results folder.

    any_share: a run that had more or less of the machine, in threads and jobs, answers it as well.
    """
    own = of_own_file(trial, out, accepted)
    if own.is_done and not own.changes:
        return own
    others = [_at(path, trial, accepted, any_share) for path in _files(trial, out)]
    finished = [other for other in others if other is not None]
    finished.sort(key=lambda other: other.started, reverse=True)
    return min(finished, key=lambda other: (not other.is_done, len(other.changes)), default=own)


def of_own_file(trial: Trial, out: Path, accepted: Collection[str] = ()) -> Standing:
    """The same by the trial's own run file alone."""
    path = trial.path(out)
    return _at(path, trial, accepted) or Standing(path, "unfinished" if path.exists() else "absent")


def _files(trial: Trial, out: Path) -> Iterator[Path]:
    folder = trial.folder(out)
    if folder.is_dir():
        for name in os.listdir(folder):
            if name.startswith(trial.stem) and name.endswith(".jsonl"):
                yield folder / name


def _at(path: Path, trial: Trial, accepted: Collection[str], any_share: bool = False) -> Standing | None:
    """The standing by the run in this file; None if it has not finished, or is of another trial."""
    events = store.outline(raw_files.one(path))
    start, ready, end = (events.get(kind, {}) for kind in ("start", "ready", "end"))
    if end.get("status") not in store.DONE:
        return None
    try:
        if not _is_of(trial, start, any_share):
            return None
        found = tuple(_changes(trial, start, ready))
        return Standing(path, end["status"], found, accepted, str(start["started"]))
    except (AttributeError, LookupError, OSError, TypeError, ValueError):  # anybody may have written it
        return None


def _is_of(trial: Trial, start: Mapping[str, Any], any_share: bool) -> bool:
    """Whether a run is of this recipe, seed and execution, on such a machine."""
    left_out = SHARE if any_share else ()
    executions = (Execution(**start["execution"]).identity, trial.execution.identity)
    one, other = ({key: value for key, value in each.items() if key not in left_out} for each in executions)
    known = (start["recipe_digest"], start["seed"], start["machine"]["fingerprint"])
    return one == other and known == (trial.recipe.digest, trial.seed, trial.fingerprint)


def _changes(trial: Trial, start: Mapping[str, Any], ready: Mapping[str, Any]) -> Iterator[Change]:
    """What is not as it was: code, versions, data files, and what the run file is asked to show."""
    planned, folder = trial.code, trial.recipe.path.parent
    if planned is not None:
        if start.get("code"):
            yield from _code_changes(start["code"]["files"], planned.event()["files"], folder)
        else:
            yield Change("code", OF_0_1)
        for name, version in planned.versions.items():
            if start["versions"].get(name) != version:
                yield Change("version", f"{name} {start['versions'].get(name)} -> {version}")
    for key, held in ready.get("data_files", {}).items():
        if identity.content(key, folder) != held:
            yield Change("data", f"{key} changed")
    for key in ("curve", "pictures"):
        if start["recipe"].get(key) != trial.recipe.as_dict().get(key):
            yield Change("holds", f"other {key} asked for")


def _code_changes(kept: Mapping[str, str], planned: Mapping[str, str], folder: Path) -> Iterator[Change]:
    """What was loaded and is not the same now, and what is new; not all that was loaded need have been planned.

    A file of dlbench may have moved.
    """
    before, now = ({held for key, held in files.items() if identity.is_of_dlbench(key)} for files in (kept, planned))
    for key in sorted({*kept, *planned}):
        old, new = kept.get(key), planned.get(key) or identity.code(key, folder)
        has_moved = identity.is_of_dlbench(key) and old in {*now, None} and new in {*before, None}
        if old != new and not has_moved:
            yield Change("code", f"{key} changed")
