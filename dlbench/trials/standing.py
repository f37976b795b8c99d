"""Whether a trial needs to run: an existing run may stand for it, unless something has changed since."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import NamedTuple

from dlbench.parts import identity
from dlbench.records import raw_files, store
from dlbench.records.events import Ready, Start
from dlbench.records.store import Outline
from dlbench.spec.execution import SHARE, Execution
from dlbench.trials import weights
from dlbench.trials.plan import Trial

KINDS = ("code", "data", "version")  # of change, that a user may accept
OF_0_1 = "run by dlbench 0.1, which kept no digests of code"


class Change(NamedTuple):
    """A change since a trial ran. kind: code, data, version, or `holds`: its run file should hold something else."""

    kind: str
    words: str


@dataclass(frozen=True)
class Standing:
    """How far a trial is: the run that comes nearest to it, and what has changed since.

    path: of that run, or where the trial's own would be. accepted: the kinds of change that do not count.
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

    @property
    def is_as_planned(self) -> bool:
        """Whether it is done, and nothing has changed."""
        return self.is_done and not self.changes


def of(trial: Trial, out: Path, accepted: Collection[str] = (), *, any_share: bool = False) -> Standing:
    """The trial's standing in this results folder.

    any_share: a run with other threads and jobs may stand for it, too.
    """
    (state,) = of_all([trial], out, accepted, [], any_share=any_share)
    return state


def of_all(
    trials: Sequence[Trial],
    out: Path,
    accepted: Collection[str],
    warnings: list[str],
    *,
    any_share: bool = False,
    with_weights: bool = False,
) -> list[Standing]:
    """The standing of each trial; packs are read once for all, and only if a trial's own file is not enough.

    warnings: what is wrong with packs is added here. with_weights: only a run that kept its weights may stand for one.
    """
    own_standings = [(trial, of_own_file(trial, out, accepted, with_weights=with_weights)) for trial in trials]
    packed = _packed([trial for trial, state in own_standings if not state.is_as_planned], out, warnings)

    return [
        state
        if state.is_as_planned
        else _nearest(
            state, trial, [*_loose(trial, out), *packed.get(_key(trial), ())], accepted, any_share, with_weights
        )
        for trial, state in own_standings
    ]


def of_own_file(trial: Trial, out: Path, accepted: Collection[str] = (), *, with_weights: bool = False) -> Standing:
    """The trial's standing by its own run file alone."""
    path = trial.path(out)
    own = _by(_of_file(path), trial, accepted, with_weights=with_weights)
    return own or Standing(path, "unfinished" if path.exists() else "absent")


class _Run(NamedTuple):
    """A run that may stand for a trial."""

    path: Path
    outline: Outline


def _nearest(
    own: Standing, trial: Trial, runs: Iterable[_Run], accepted: Collection[str], any_share: bool, with_weights: bool
) -> Standing:
    """The standing by the run with the fewest changes, of several the newest; `own` if no other has finished."""
    finished = [state for run in runs if (state := _by(run, trial, accepted, any_share, with_weights)) is not None]
    finished.sort(key=lambda state: state.started, reverse=True)
    return min(finished, key=lambda state: (not state.is_done, len(state.changes)), default=own)


def _loose(trial: Trial, out: Path) -> Iterator[_Run]:
    folder = trial.folder(out)
    if folder.is_dir():
        for name in os.listdir(folder):
            if name.startswith(trial.stem) and name.endswith(raw_files.ENDING):
                yield _of_file(folder / name)


def _of_file(path: Path) -> _Run:
    return _Run(path, store.outline(raw_files.one(path)))


def _key(trial: Trial) -> tuple[str, str]:
    """What a run must share to stand for the trial: the beginning of its file's name, and the recipe's name."""
    return trial.stem, trial.recipe.name


def _packed(trials: Iterable[Trial], out: Path, warnings: list[str]) -> Mapping[tuple[str, str], Sequence[_Run]]:
    """The runs in packs under the folder that may stand for one of the trials, by key."""
    keys = {_key(trial) for trial in trials}
    stems = {stem for stem, _ in keys}
    runs: dict[tuple[str, str], list[_Run]] = {}
    for file in raw_files.packed(out, warnings) if keys else ():
        stem = "".join(file.name.rpartition("/")[2].rpartition("-")[:2])
        if stem in stems:
            outline = store.outline(file)
            key = (stem, outline.start.recipe.get("name", "") if outline.start else "")
            if key in keys:
                runs.setdefault(key, []).append(_Run(Path(file.path), outline))
    return runs


def _by(
    run: _Run, trial: Trial, accepted: Collection[str], any_share: bool = False, with_weights: bool = False
) -> Standing | None:
    """The standing by this run; None if it has not finished, or is of another trial."""
    start, status = run.outline.start, run.outline.end.status
    if start is None or status not in store.DONE:
        return None
    try:
        if not _is_of(trial, start, any_share):
            return None
        changes = tuple(_changes(trial, start, run.outline.ready))
        if with_weights and not weights.path(run.path).exists():
            changes += (Change("holds", "its weights were not kept"),)
        return Standing(run.path, status, changes, accepted, start.started)
    except (AttributeError, LookupError, OSError, TypeError, ValueError):  # anybody may have written it
        return None


def _is_of(trial: Trial, start: Start, any_share: bool) -> bool:
    """Whether a run is of this recipe, seed and execution, on such a machine."""
    execution = Execution(**start.execution)
    if any_share:
        execution = replace(execution, **{name: getattr(trial.execution, name) for name in SHARE})
    settings = (start.recipe_digest, start.seed, start.machine["fingerprint"], execution)
    return settings == (trial.recipe.digest, trial.seed, trial.fingerprint, trial.execution)


def _changes(trial: Trial, start: Start, ready: Ready | None) -> Iterator[Change]:
    """What has changed: code, versions, data files, and what the run file should hold."""
    planned, folder = trial.code, trial.recipe.path.parent
    if planned is not None:
        if start.code:
            yield from _code_changes(start.code["files"], planned.event()["files"], folder)
        else:
            yield Change("code", OF_0_1)
        for name, version in planned.versions.items():
            if start.versions.get(name) != version:
                yield Change("version", f"{name} {start.versions.get(name)} -> {version}")
    for key, digest in ((ready and ready.data_files) or {}).items():
        if identity.content(key, folder) != digest:
            yield Change("data", f"{key} changed")
    for key in ("curve", "pictures"):
        if start.recipe.get(key) != trial.recipe.as_dict().get(key):
            yield Change("holds", f"other {key} asked for")


def _code_changes(recorded: Mapping[str, str], planned: Mapping[str, str], folder: Path) -> Iterator[Change]:
    """Files that differ now, or are new. A file of dlbench may have moved."""
    before, now = (
        {digest for key, digest in files.items() if identity.is_of_dlbench(key)} for files in (recorded, planned)
    )
    for key in sorted({*recorded, *planned}):
        old, new = recorded.get(key), planned.get(key) or identity.code(key, folder)
        has_moved = identity.is_of_dlbench(key) and old in {*now, None} and new in {*before, None}
        if old != new and not has_moved:
            yield Change("code", f"{key} changed")
