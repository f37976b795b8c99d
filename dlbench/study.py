"""YAML -> Study: which recipes are compared, over how many seeds, in which tables. Knows no torch."""

from __future__ import annotations

import os.path
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dlbench import shelf
from dlbench.errors import InputError
from dlbench.reading import near, plain, read_mapping, shown

KEYS: dict[str, type] = {"title": str, "source": str, "recipes": list, "seeds": dict, "tables": list, "figure": str}
FOLDERS = {"tables": "tables", "figure": "report/figures"}


@dataclass(frozen=True)
class Study:
    """One comparison.

    seeds: a recipe gets at least so many here, by budget (`{smoke: 1, short: 3}`), more if it says so itself.
    tables: names of files in `dlbench/tables/`. figure: name of a file in `dlbench/report/figures/`, or empty.
    """

    name: str
    title: str
    source: str
    recipes: tuple[str, ...]
    seeds: Mapping[str, int]
    tables: tuple[str, ...]
    figure: str


def load(name: str) -> Study:
    """The study of that name (or path); InputError names the file, the key and the near miss."""
    path = shelf.find(name)
    raw = read_mapping(path)
    for key, value in raw.items():
        if key not in KEYS:
            raise InputError(f"{path}: unknown key {shown(key)}{near(key, KEYS)}")
        if not isinstance(value, KEYS[key]):
            raise InputError(f"{path}: {key}: {shown(value)} is not a {KEYS[key].__name__}")
    for key in ("title", "recipes"):
        if not raw.get(key):
            raise InputError(f"{path}: has no '{key}'")
    return Study(
        name=path.stem,
        title=raw["title"],
        source=raw.get("source", ""),
        recipes=_references(raw["recipes"], path),
        seeds=_seeds(raw.get("seeds", {}), path),
        tables=tuple(_known(entry, "tables", path) for entry in raw.get("tables", ["results"])),
        figure=_known(raw["figure"], "figure", path) if raw.get("figure") else "",
    )


def _references(entries: Sequence[Any], path: Path) -> tuple[str, ...]:
    """The recipes' names, or the paths of those whose file lies beside a user's own study."""
    recipes, studies = shelf.recipes(), shelf.studies()
    return tuple(_reference(entry, path, recipes, studies) for entry in entries)


def _reference(entry: Any, path: Path, recipes: Collection[str], studies: Collection[str]) -> str:
    if not isinstance(entry, str):
        raise InputError(f"{path}: recipes: {shown(entry)} is not a recipe's name")
    beside = path.parent / (entry if entry.endswith(shelf.ENDINGS) else f"{entry}.yaml")
    mine = os.path.isfile(beside)  # unlike Path's, never an OSError, however long the entry
    if shelf.is_study(beside) if mine else entry in studies:
        raise InputError(f"{path}: recipes: {plain(entry)} is a study, not a recipe")
    if not mine and entry not in recipes:
        raise InputError(f"{path}: recipes: no recipe is called {shown(entry)}{near(entry, recipes)}")
    return str(beside) if mine else entry


def _known(entry: Any, key: str, path: Path) -> str:
    """The name of a table or figure that dlbench has."""
    names = shelf.functions(FOLDERS[key], "runs: ")
    if entry not in names:
        raise InputError(f"{path}: {key}: there is no {shown(entry)}{near(entry, names)}; here: {', '.join(names)}")
    return str(entry)


def _seeds(raw: Mapping[str, Any], path: Path) -> Mapping[str, int]:
    for budget, number in raw.items():
        if (
            budget not in ("smoke", "short", "full")
            or isinstance(number, bool)
            or not isinstance(number, int)
            or number < 1
        ):
            raise InputError(f"{path}: seeds: write a number of seeds for each budget, such as {{short: 3}}")
    return raw
