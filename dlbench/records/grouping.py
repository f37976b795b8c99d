"""Which runs may be averaged: the one place that says so, for tables, claims, figures, comparisons and exports.

Runs that differ in their seed alone may: same recipe, budget, device, settings that change results (precision,
compilation, memory format and so on), same code, same data, and versions of torch that agree in their first two
numbers, as the third only mends. Threads, jobs and machines may differ; a speed is given only where they do not. Of
dlbench the code that a run executed counts, not the version.

Runs of identity 0.1 do not know their code: they count as of one code, whatever their torch, and whoever shows them
says so. They never mix with others.

Data may be drawn by the seed, so that each seed has data of its own. Where one seed saw several data sets, or some
seeds share a data set that others did not see, the data have changed, and each data set makes a group of its own.

Where a single group has to stand for a recipe (a claim, a figure, a comparison) it is the one with the newest run: the
code and the data as they are now.
"""

from __future__ import annotations

import math
import os
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from dlbench.spec import execution

if TYPE_CHECKING:
    import pandas as pd

FIRST_IDENTITY: Final = "0.1"
IDENTITY: Final = "0.2"  # runs that keep the digest of their code
OLD_IDENTITY: Final = "Identity of 0.1: made before runs kept the digest of their code."
UNFINISHED: Final = "unfinished"
Run = Mapping[str, Any]


class Identity(NamedTuple):
    """What runs must have in common to be averaged. torch: its release; empty, as code is, for identity 0.1.

    data: the digest of the data where otherwise equal runs saw different data, else empty.
    """

    recipe: str = ""
    budget: str = ""
    device: str = ""
    digest: str = ""
    precision: str = "fp32"
    compile: bool = False
    channels_last: bool = True
    cuda_graphs: bool = False
    compile_mode: str = "default"
    optimizer: str = "auto"
    input: str = "resident"
    workers: int = 0
    deterministic: bool = False
    processes: int = 1
    batch: str = "global"
    runtime: str = "torch"
    code: str = ""
    torch: str = ""
    data: str = ""

    @property
    def conditions(self) -> tuple[str | bool, ...]:
        """What must be equal for results of two recipes to be compared; `groups` adds the precision where it counts."""
        settings = (getattr(self, key) for key in USUAL if key != "precision")
        return self.budget, self.device, *settings, self.torch

    @property
    def work(self) -> tuple[str, ...]:
        """What was computed, whatever the device and the settings."""
        return self.recipe, self.budget, self.digest, self.code, self.data

    @property
    def marks(self) -> dict[str, str]:
        """All that may distinguish a group from others of its recipe, budget and device, in words."""
        settings = {key: f"{key}={getattr(self, key)}" for key in USUAL}
        code = f"code {self.code}" if self.code else f"identity {FIRST_IDENTITY}"
        torch = f"torch {self.torch}" if self.torch else ""
        return settings | {"code": code, "torch": torch, "data": f"data {self.data[:8]}" if self.data else ""}


USUAL: Final = {key: usual for key, usual in Identity._field_defaults.items() if key in execution.USUAL}
"""Settings that change results, each with its value in a run that does not name it."""
COLUMNS: Final = ("recipe", "budget", "device", "recipe_digest", *USUAL, "code", "torch", "dataset_digest")


def identities(runs: pd.DataFrame, seed: str = "seed") -> list[Identity]:
    """The identity of each run: those of equal ones may be averaged.

    runs: with the columns of `store.load` or `measurements.load`. seed: the name of the column of seeds.
    """
    rows = _records(runs, seed)
    without_data = [bare(row) for row in rows]
    seen: dict[Identity, set[tuple[Any, str]]] = {}
    for row, identity in zip(rows, without_data, strict=True):
        if data := text(row.get("dataset_digest")):
            seen.setdefault(identity, set()).add((row[seed], data))
    changed = {identity for identity, pairs in seen.items() if _has_changed(pairs)}
    return [
        identity._replace(data=text(row.get("dataset_digest"))) if identity in changed else identity
        for row, identity in zip(rows, without_data, strict=True)
    ]


def trials(runs: pd.DataFrame) -> list[tuple[Identity, int]]:
    """The trial of each run: its identity without the data, and its seed."""
    return [(bare(row), row["seed"]) for row in _records(runs, "seed")]


def without_copies(
    rows: Sequence[dict[str, Any]], begun: Sequence[str], ended: Sequence[str]
) -> tuple[list[dict[str, Any]], list[str]]:
    """The rows without copies, and a warning that names the first copy and counts all.

    Copies agree in the columns `begun` and `ended`, or in `begun` alone if made while the run was under way. The one in
    the fewest folders stays.
    """
    originals: dict[str, dict[str, Any]] = {}
    for row in sorted(rows, key=lambda row: (row["status"] == UNFINISHED, row["path"].count(os.sep))):
        start = repr([row[key] for key in begun])
        whole = start + repr([row[key] for key in ended])
        if whole not in originals and not (row["status"] == UNFINISHED and start in originals):
            originals[whole] = row
            originals.setdefault(start, row)
    stay = {id(row) for row in originals.values()}
    copies = [row["path"] for row in rows if id(row) not in stay]
    first = f"{copies[0]}: a copy of another run file, which counts once" if copies else ""
    rest = f"; so are {len(copies) - 1} more" if len(copies) > 1 else ""
    return [row for row in rows if id(row) in stay], [first + rest] if copies else []


def identity_of(code: str) -> str:
    """The column `identity` of a run whose code has this digest, if it has any."""
    return IDENTITY if code else FIRST_IDENTITY


def release(version: str) -> str:
    """`2.14.1+cpu` -> `2.14`."""
    return ".".join(version.partition("+")[0].split(".")[:2])


def text(value: object) -> str:
    """The text in a cell of a frame, or empty where it has none."""
    return value if isinstance(value, str) else ""


def identity_notes(identities: Iterable[str]) -> list[str]:
    """The note that runs of identity 0.1 need; identities: the column `identity`."""
    return [OLD_IDENTITY] if FIRST_IDENTITY in set(identities) else []


def _records(runs: pd.DataFrame, seed: str) -> list[dict[str, Any]]:
    """The rows, with the columns that identity needs."""
    columns = {name: runs[name].tolist() for name in (*COLUMNS, seed) if name in runs}
    return [dict(zip(columns, cells, strict=True)) for cells in zip(*columns.values(), strict=True)]


def bare(run: Run) -> Identity:
    """The identity of a run, without its data."""
    code = text(run.get("code"))
    torch = release(text(run.get("torch"))) if code else ""
    settings = {key: _setting(run, key) for key in USUAL}
    named = (run["recipe"], run["budget"], run["device"], run["recipe_digest"])
    return Identity(*named, **settings, code=code, torch=torch)


def _setting(run: Run, key: str) -> Any:
    value = run.get(key)
    return USUAL[key] if value is None or (isinstance(value, float) and math.isnan(value)) else value


def _has_changed(pairs: set[tuple[Any, str]]) -> bool:
    """Whether there are several data sets, unless each seed has one of its own; pairs: of seed and data."""
    seeds, data = ({pair[position] for pair in pairs} for position in (0, 1))
    return len(data) > 1 and not len(seeds) == len(data) == len(pairs)
