"""Experiment trackers, one file each: `mlflow.py` is `dlbench export --to mlflow PLACE`.

A tracker has a function `write(histories, place)`. It is given every finished run as a History, adds those that are not
there yet, and yields each one it adds. A run is known by its key, so that exporting twice adds nothing; a run that was
left half-written, as after Ctrl-C, is written anew. Nothing here is called while anything trains.
"""

from __future__ import annotations

import functools
import importlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

from dlbench.errors import InputError
from dlbench.records import raw_files, store
from dlbench.records.events import Event, Lap, Score, Start

if TYPE_CHECKING:
    import pandas as pd

    from dlbench.records.groups import Group

Write = Callable[[Iterable["History"], str], Iterator["History"]]


@dataclass(frozen=True)
class Point:
    """Values by name after a step, and the seconds of training it took to get there."""

    step: int
    seconds: float
    values: Mapping[str, float]


@dataclass(frozen=True)
class History:
    """One finished run, as trackers want it.

    key: `resnet-20/short-seed0-cpu-1a2b3c4d`, of this run alone. group: the same for runs that may be averaged.
    settings: recipe, seed, execution and versions, flat: `training.lr`. began: seconds since 1970.
    """

    key: str
    recipe: str
    group: str
    title: str
    seed: int
    began: float
    settings: Mapping[str, str | int | float | bool]
    points: list[Point]
    final: Mapping[str, float]

    @property
    def steps(self) -> int:
        """How many it took."""
        return max((point.step for point in self.points), default=0)

    @property
    def ended(self) -> float:
        """Seconds since 1970, if nothing but training took time."""
        return self.began + max((point.seconds for point in self.points), default=0.0)


@functools.cache
def names() -> tuple[str, ...]:
    """All trackers. Imports none of them."""
    return tuple(sorted(file.stem for file in Path(__file__).parent.glob("[!_]*.py")))


def write(name: str, histories: Iterable[History], place: str) -> Iterator[History]:
    """Add what is not there yet; raises InputError, without the tracker's package or where it cannot be reached."""
    try:
        module = importlib.import_module(f"{__name__}.{name}")
    except ModuleNotFoundError as error:
        raise InputError(f"--to {name}: needs the package {error.name}; pip install 'dlbench[{name}]'") from None
    function: Write = module.write
    return function(histories, place)


def histories(groups: Iterable[Group]) -> Iterator[History]:
    """Every run of the groups; each pack is read once."""
    found = {str(row["path"]): (group, row) for group in groups for _, row in group.runs.iterrows()}
    for file in raw_files.at(map(Path, found)):
        group, row = found[file.path]
        yield _history(group, row, list(store.events_in(file)))


def _history(group: Group, row: pd.Series[Any], events: list[Event]) -> History:
    start = next(event for event in events if isinstance(event, Start))
    described = {**start.recipe, "seed": start.seed, "budget": start.budget, **start.execution, **start.versions}
    final = [event.metrics for event in events if isinstance(event, Score) and event.final]
    return History(
        key=str(PurePosixPath(group.recipe, PurePosixPath(str(row["path"])).stem)), recipe=group.recipe,
        group=" ".join(filter(None, [group.recipe, group.budget, group.device, group.variant])),
        title=str(row["title"]), seed=start.seed, began=datetime.fromisoformat(start.started).timestamp(),
        settings={**dict(_flat(described)), "machine": str(row["machine"])}, points=list(_points(events)),
        final={**final[-1], **_costs(row)},
    )  # fmt: skip


def _points(events: Iterable[Event]) -> Iterator[Point]:
    """The loss of each lap and the errors of each look on the way."""
    seconds = 0.0
    for event in events:
        if isinstance(event, Lap):
            seconds += event.seconds
            yield Point(event.step, seconds, {"loss": event.loss, **event.counts})
        elif isinstance(event, Score):
            yield Point(event.step, seconds, event.metrics)


def _costs(row: pd.Series[Any]) -> dict[str, float]:
    names = ("training_seconds", "examples_per_second", "joules", "peak_memory_bytes", "parameters")
    return {name: float(row[name]) for name in names if row[name] is not None and row[name] == row[name]}


def _flat(value: Any, name: str = "") -> Iterator[tuple[str, str | int | float | bool]]:
    """Names with dots, and values that are no mappings; lists as text."""
    if isinstance(value, Mapping):
        for key, inner in value.items():
            yield from _flat(inner, f"{name}.{key}" if name else str(key))
    else:
        yield name, value if isinstance(value, str | int | float | bool) else str(value)
