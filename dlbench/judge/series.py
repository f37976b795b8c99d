"""What each side measured, as subjects; which subject of the other side is its partner, and how the two differ."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final

from dlbench.judge.measurements import FINISHED, NOT_STEADY, TIMED
from dlbench.records import grouping
from dlbench.spec import execution

if TYPE_CHECKING:
    import pandas as pd

ACROSS: Final = ("version", "machine", "recipe", "budget", "settings")  # differences a user may choose to ignore
PARTS: Final = ("data", "model", "training", "score")
WHAT: Final = {  # each trait of a subject, and which difference has to be ignored where it differs
    "budget": "budget",
    "recipe_digest": "recipe",
    "dataset_digest": "recipe",
    "fingerprint": "machine",
    "torch": "version",
    "device": "settings",
    **dict.fromkeys(execution.SETTINGS[1:], "settings"),
    "code": "code",
}
LOOKED_PAST: Final = ("code",)  # whoever compares wants to know what an edit changed
MEANS_THE_SAME: Final = ("machine", "version", "settings")  # for errors; a speed depends on all of it
FAILURES: Final = ("failed", "diverged", "killed", "out_of_memory", "timeout")
OF_CODE: Final = ("code", "dataset_digest")  # traits of which a side has one: its newest
NAMES: Final = {"fingerprint": "machine", "dataset_digest": "data", "channels_last": "channels-last"}
MOST_SETTINGS = 3  # named of those in which two recipes differ


@dataclass(frozen=True)
class Attempt:
    """One run, or one process that timed: how it ended, and what it measured."""

    replicate: int
    status: str
    message: str
    date: str
    values: Mapping[str, float]


@dataclass(frozen=True, eq=False)
class Subject:
    """All that one side measured of one thing: attempts that differ in nothing but seed or process.

    traits: a value for each of WHAT. about: machine, resolved recipe and whatever else is printed. data: the digest of
    the data by replicate, where it is known. older: how many runs of older code or data are left out.
    """

    recipe: str
    mode: str
    batch_size: float | None
    traits: Mapping[str, Any]
    about: Mapping[str, Any]
    attempts: Sequence[Attempt]
    data: Mapping[int, str] = field(default_factory=dict)
    older: int = 0

    @property
    def is_timing(self) -> bool:
        """Whether `dlbench time` measured it, rather than a run."""
        return bool(self.traits["budget"] == TIMED)

    @property
    def failures(self) -> list[Attempt]:
        """The attempts that failed, in whichever way."""
        return [attempt for attempt in self.attempts if attempt.status in FAILURES]

    @property
    def unsteady(self) -> int:
        """How many processes never became steady."""
        return sum(attempt.status == NOT_STEADY for attempt in self.attempts)

    @property
    def shares_a_process(self) -> bool:
        """Whether seeds took turns in one process, or learnt as one model: time and memory are then measured once."""
        return not self.is_timing and bool(self.about["recipe_json"].get("together"))

    @cached_property
    def metrics(self) -> list[str]:
        """The metrics of which there is a value."""
        return list(dict.fromkeys(name for attempt in self._counted for name in attempt.values))

    def values(self, metric: str) -> dict[int, float]:
        """The metric by seed or process, of attempts that finished."""
        return {attempt.replicate: attempt.values[metric] for attempt in self._counted if metric in attempt.values}

    @property
    def _counted(self) -> list[Attempt]:
        return [attempt for attempt in self.attempts if attempt.status in (FINISHED, NOT_STEADY)]


@dataclass(frozen=True)
class Mismatch:
    """One trait in which two subjects differ: in words, and what `--across` has to name for them to be compared."""

    words: str
    what: str


def subjects(frame: pd.DataFrame) -> list[Subject]:
    """The subjects of one side, in order of appearance; of several runs of a trial the newest counts.

    Runs of different code or data are never put together: those with the newest run stand for the side.
    """
    records_by_subject: dict[tuple[Any, ...], dict[tuple[str, ...], list[dict[str, Any]]]] = {}
    for record, identity in zip(frame.to_dict("records"), grouping.identities(frame, "replicate"), strict=True):
        synthetic = record["dataset_digest"] == "synthetic"  # a run that failed early knows no digest
        key = *(record[name] for name in ("recipe", "mode", "batch_size", *WHAT) if name not in OF_CODE), synthetic
        versions = records_by_subject.setdefault(key, {})
        versions.setdefault((identity.code, identity.data), []).append(record)
    return [_newest(list(versions.values())) for versions in records_by_subject.values()]


def pairs(
    base: Sequence[Subject], new: Sequence[Subject], across: Collection[str]
) -> list[tuple[Subject | None, Subject | None]]:
    """Each subject with the most similar one of the other side that measured the same recipe the same way, or alone."""
    closest = sorted(
        (*_distance(mismatches(subject, other), across), base_index, new_index)
        for base_index, subject in enumerate(base)
        for new_index, other in enumerate(new)
        if _kind(subject) == _kind(other)
    )
    partner: dict[int, int] = {}
    for *_, base_index, new_index in closest:
        if base_index not in partner and new_index not in partner.values():
            partner[base_index] = new_index
    both = [(subject, new[partner[i]] if i in partner else None) for i, subject in enumerate(base)]
    return [*both, *((None, other) for new_index, other in enumerate(new) if new_index not in partner.values())]


def mismatches(base: Subject, new: Subject) -> list[Mismatch]:
    """All in which they differ; another budget means another recipe and other data too, so only the budget is named."""
    differ = [key for key in WHAT if base.traits[key] != new.traits[key]]
    if not _saw_other_data(base, new) or "recipe_digest" in differ:
        differ = [key for key in differ if key != "dataset_digest"]
    if "budget" in differ:
        differ = [key for key in differ if key != "recipe_digest"]
    return [Mismatch(_words(key, base, new), WHAT[key]) for key in differ]


def obstacles(mismatches: Iterable[Mismatch], kind: str, across: Collection[str]) -> list[Mismatch]:
    """Those that forbid a comparison of this kind of metric, except what the user chose to ignore."""
    harmless = MEANS_THE_SAME if kind == "error" else ()
    return [mismatch for mismatch in mismatches if mismatch.what not in (*across, *harmless, *LOOKED_PAST)]


def recipe_differences(base: Mapping[str, Any], new: Mapping[str, Any]) -> list[str]:
    """`training.lr 0.1 against 0.2` for every setting in which two resolved recipes differ."""
    from dlbench.records.groups import differences, settings

    ours, theirs = settings(base), settings(new)
    return [f"{key} {_text(ours.get(key))} against {_text(theirs.get(key))}" for key in differences(ours, theirs)]


def _kind(subject: Subject) -> tuple[Any, ...]:
    """What must be the same, whatever the options."""
    return subject.recipe, subject.mode, subject.is_timing


def _distance(mismatches: Sequence[Mismatch], across: Collection[str]) -> tuple[int, int]:
    """How many mismatches count, then how many there are, those that the user ignores included."""
    return sum(mismatch.what not in (*across, *LOOKED_PAST) for mismatch in mismatches), len(mismatches)


def _saw_other_data(base: Subject, new: Subject) -> bool:
    """Whether the data differ, of seeds that both have if there are any: data may be drawn by the seed."""
    if shared := base.data.keys() & new.data.keys():
        return any(base.data[replicate] != new.data[replicate] for replicate in shared)
    return bool(base.data and new.data) and set(base.data.values()) != set(new.data.values())


def _newest(versions: Sequence[list[dict[str, Any]]]) -> Subject:
    """The subject of the newest of several codes or data sets."""
    chosen = max(versions, key=lambda records: max(record["date"] for record in records))
    older = {record["path"] for records in versions if records is not chosen for record in records}
    return replace(_subject(chosen), older=len(older))


def _subject(records: Sequence[Mapping[str, Any]]) -> Subject:
    tries: dict[tuple[int, str], list[Mapping[str, Any]]] = {}
    for record in records:
        tries.setdefault((record["replicate"], record["path"]), []).append(record)
    best: dict[int, Attempt] = {}
    for attempt in sorted(map(_attempt, tries.values()), key=lambda attempt: attempt.date):
        best[attempt.replicate] = attempt  # the newest: an edit that fails must not hide behind what finished before it
    first = records[0]
    digests = [record["dataset_digest"] for record in records if record["dataset_digest"]]
    return Subject(
        recipe=first["recipe"], mode=first["mode"], batch_size=first["batch_size"],
        traits={key: first[key] for key in WHAT} | {"dataset_digest": digests[-1] if digests else ""},
        about={key: first[key] for key in ("machine", "recipe_json", "dlbench", "identity")},
        attempts=[best[replicate] for replicate in sorted(best)],
        data={record["replicate"]: record["dataset_digest"] for record in records if record["dataset_digest"]},
    )  # fmt: skip


def _attempt(records: Sequence[Mapping[str, Any]]) -> Attempt:
    first = records[0]
    values = {record["metric"]: record["value"] for record in records if math.isfinite(record["value"])}
    return Attempt(first["replicate"], first["status"], first["message"], first["date"], values)


def _words(key: str, base: Subject, new: Subject) -> str:
    if key == "recipe_digest":
        changes = recipe_differences(base.about["recipe_json"], new.about["recipe_json"])
        more = f" and {len(changes) - MOST_SETTINGS} more" if len(changes) > MOST_SETTINGS else ""
        return ", ".join(changes[:MOST_SETTINGS]) + more if changes else "another recipe"
    ours, theirs = base.traits[key], new.traits[key]
    if key == "fingerprint" and base.about["machine"] != new.about["machine"]:
        return f"machine {base.about['machine']} against {new.about['machine']}"
    return f"{NAMES.get(key, key)} {_text(ours)} against {_text(theirs)}"


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "on" if value else "off"
    return "none" if value is None or value == "" else str(value)


def labels(measured: Sequence[Subject]) -> list[tuple[str, str]]:
    """Recipe and what was measured, `short` or `time train, batch 16`, and what tells it from others of the same."""
    names = [(subject.recipe, _name(subject)) for subject in measured]
    headings = []
    for key, subject in zip(names, measured, strict=True):
        rivals = [other for other, other_key in zip(measured, names, strict=True) if other_key == key]
        headings.append((key[0], ", ".join([key[1], *_telling(subject, rivals)])))
    return headings


def _name(subject: Subject) -> str:
    if not subject.is_timing:
        return str(subject.traits["budget"])
    batch = f", batch {subject.batch_size:g}" if subject.batch_size else ""
    return f"time {subject.mode}{batch}"


def _telling(subject: Subject, rivals: Sequence[Subject]) -> Iterator[str]:
    """The traits in which a subject differs from any other of its kind."""
    for key in WHAT:
        if len({str(other.traits[key]) for other in rivals}) > 1:
            yield f"{NAMES.get(key, key.removesuffix('_digest'))} {_text(subject.traits[key])}"
