"""Measurements by machine and commit: a folder for each machine's fingerprint, a file for each commit, as asv has them.

A file is what `dlbench export` writes, and says its commit besides: whatever reads the one reads the other.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from dlbench.errors import InputError
from dlbench.judge import measurements, metrics
from dlbench.judge.series import WHAT, Subject, labels, subjects
from dlbench.records.commits import NAME, Commit
from dlbench.stats import estimates
from dlbench.writing import replacing

if TYPE_CHECKING:
    import pandas as pd

OF_A_VALUE: Final = ("recipe", "recipe_digest", "mode", "device", "replicate", "started", "metric", "value")
OF_A_COMMIT: Final = ("code", "dataset_digest")  # traits that a commit may change without beginning a new track


@dataclass(frozen=True, eq=False)
class Kept:
    """What one file holds: of one commit, measured on one machine."""

    path: Path
    commit: Commit
    frame: pd.DataFrame

    @property
    def machine(self) -> str:
        """The fingerprint."""
        return self.path.parent.name


@dataclass(frozen=True, eq=False)
class Track:
    """One thing that one machine measured at several commits, oldest first."""

    recipe: str
    measured: str
    points: Sequence[tuple[Commit, Subject]]

    @property
    def machine(self) -> str:
        """In words, with its fingerprint."""
        newest = self.points[-1][1]
        return f"{newest.about['machine']} ({newest.traits['fingerprint']})"

    @property
    def metrics(self) -> list[str]:
        """Those of which any commit has a value."""
        return list(dict.fromkeys(name for _, subject in self.points for name in subject.metrics))

    def values(self, metric: str) -> list[tuple[Commit, list[float]]]:
        """The values by commit, of commits that have any."""
        pairs = ((commit, list(subject.values(metric).values())) for commit, subject in self.points)
        return [(commit, values) for commit, values in pairs if values]


@dataclass(frozen=True, eq=False)
class Past(Subject):
    """A track as the base of a comparison: of speeds a value a commit, of errors one a seed, the mean."""

    commits: Sequence[Subject] = ()

    def values(self, metric: str) -> dict[int, float]:
        """By the number of the commit, or by seed."""
        by_commit = [values for commit in self.commits if (values := commit.values(metric))]
        if metrics.metric(metric).kind == "speed":
            return {number: estimates.mean([*values.values()]) for number, values in enumerate(by_commit)}
        seeds = sorted({seed for values in by_commit for seed in values})
        return {seed: estimates.mean([values[seed] for values in by_commit if seed in values]) for seed in seeds}


def add(folder: Path, frame: pd.DataFrame, commit: Commit) -> Iterator[tuple[Path, int]]:
    """Keep what is new in the frame, by machine: each file, and how many values were added to it.

    A value belongs to one commit: what the machine's files hold already, under whatever name, is not added again.
    """
    for machine, measured in frame.groupby("fingerprint"):
        if not NAME.fullmatch(str(machine)):
            raise InputError(f"{machine!r:.40}: not a machine's fingerprint")
        path = folder / str(machine) / f"{commit.name}.json"
        files = list(_load(path.parent))
        known = {key for kept in files for key in _keys(kept.frame)}
        new = measured[[key not in known for key in _keys(measured)]]
        if not new.empty:
            before = [kept for kept in files if kept.path == path]
            is_dirty = commit.is_dirty or any(kept.commit.is_dirty for kept in before)
            frames = [*(kept.frame for kept in before), new]
            _write(path, _joined(frames), replace(commit, is_dirty=is_dirty))
        yield path, len(new)


def load(folder: Path) -> list[Kept]:
    """All that is kept in a folder, oldest commit first; InputError if there is nothing, or something is damaged."""
    kept = [one for machine in sorted(folder.glob("*/")) for one in _load(machine)]
    if not kept:
        raise InputError(f"{folder}: no history; `dlbench history add` begins one")
    return sorted(kept, key=lambda one: (one.commit.date, min(one.frame["started"], default="")))


def tracks(kept: Sequence[Kept]) -> list[Track]:
    """What was measured, machine by machine; another torch, recipe or setting begins another track."""
    by_machine: dict[str, dict[tuple[Any, ...], list[tuple[Commit, Subject]]]] = {}
    for one in kept:
        for subject in subjects(one.frame):
            traits = (subject.traits[key] for key in WHAT if key not in OF_A_COMMIT)
            key = (subject.recipe, subject.mode, subject.batch_size, *traits)
            by_machine.setdefault(one.machine, {}).setdefault(key, []).append((one.commit, subject))
    return [
        Track(*label, points)
        for by_key in by_machine.values()
        for label, points in zip(labels([points[-1][1] for points in by_key.values()]), by_key.values(), strict=True)
    ]


def newest(kept: Sequence[Kept]) -> dict[str, pd.DataFrame]:
    """What each machine's newest commit measured, by a name for a side."""
    last = {one.machine: one for one in kept}
    return {f"{one.commit.short} on {one.machine}": one.frame for one in last.values()}


def past(kept: Sequence[Kept], frame: pd.DataFrame, count: int) -> list[Subject]:
    """The last `count` commits of the frame's machines as a base; of values that are kept, those before theirs."""
    keys = set(_keys(frame))
    before: list[Kept] = []
    for machine in sorted(set(frame["fingerprint"])):
        own = [one for one in kept if one.machine == machine]
        place = next((place for place, one in enumerate(own) if keys & set(_keys(one.frame))), len(own))
        before += own[:place][-count:]
    return [_past([subject for _, subject in track.points]) for track in tracks(before)]


def _past(commits: Sequence[Subject]) -> Past:
    fields = {key: value for key, value in vars(commits[-1]).items() if key in Subject.__dataclass_fields__}
    return Past(**fields, commits=commits)


def _load(machine: Path) -> Iterator[Kept]:
    for path in sorted(machine.glob("*.json")):
        frame = measurements.load(path)
        yield Kept(path, _commit(path), frame)


def _commit(path: Path) -> Commit:
    kept = json.loads(path.read_text("utf-8")).get("commit")
    try:
        commit = Commit(**kept)
    except TypeError:
        raise InputError(
            f"{path}: does not say which commit it is of; `dlbench history add` writes such files"
        ) from None
    if not all(isinstance(value, str) for value in (commit.name, commit.date, commit.subject)):
        raise InputError(f"{path}: commit: not a name, a date and a subject")
    return commit


def _keys(frame: pd.DataFrame) -> Collection[tuple[str, ...]]:
    return [tuple(map(str, row)) for row in frame[list(OF_A_VALUE)].itertuples(index=False, name=None)]


def _joined(frames: Sequence[pd.DataFrame]) -> pd.DataFrame:
    return measurements.from_records([record for frame in frames for record in frame.to_dict("records")])


def _write(path: Path, frame: pd.DataFrame, commit: Commit) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with replacing(path) as file:
            file.write(measurements.to_json(frame, commit=asdict(commit)).encode())
    except OSError as error:
        raise InputError(f"{path}: cannot be written ({error.strerror})") from None
