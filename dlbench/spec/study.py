"""YAML -> Study: which recipes are compared, over how many seeds, what is shown and what is claimed of them.

A study of studies, `studies: [gates, perceptron-limits]`, is a course: all of them, in this order. Knows no torch.
"""

from __future__ import annotations

import itertools
import os.path
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from dlbench.errors import InputError
from dlbench.reading import near, plain, quoted, read_mapping
from dlbench.spec import catalog, claim
from dlbench.spec import recipe as recipe_module
from dlbench.spec.claim import Claim

KEYS: dict[str, type] = {
    "title": str, "question": str, "source": str, "recipes": list, "studies": list, "seeds": dict, "shows": str,
    "claims": list, "sweep": dict,
}  # fmt: skip
MODULES = "studies"  # the folder of dlbench where a study's table and figure are
REPLACED_BY_SHOWS = ("tables", "figure")  # keys of older files


@dataclass(frozen=True)
class Study:
    """One comparison.

    question: what it asks, in a sentence for a class.
    seeds: by budget, how many a recipe gets at least (`{smoke: 1, short: 3}`); it gets more if it says so itself.
    own_seeds: recipes that take part at some budgets only, and with how many seeds there (`{plain-110: {full: 5}}`);
    both stand under `seeds` in the file.
    shows: the file in `dlbench/studies/` that makes its tables and its figure: that of its own name, if it is one of
    dlbench's and has one, or what the YAML names; empty for the usual table, bars and curves.
    sweep: by recipe, the grid in which a value was searched (`{alexnet-tanh: {training.lr: [0.01, 0.03]}}`): every
    combination runs too, with seed 0 alone.
    studies: the names of the studies that a course is made of; it has no recipes, tables or claims of its own.
    """

    name: str
    title: str
    source: str
    recipes: tuple[str, ...]
    seeds: dict[str, int]
    shows: str
    claims: tuple[Claim, ...] = ()
    sweep: Mapping[str, Sequence[Sequence[str]]] = field(default_factory=dict)
    studies: tuple[str, ...] = ()
    own_seeds: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    question: str = ""

    def has(self, budget: str) -> bool:
        """Whether the study can be run at this budget."""
        return budget not in recipe_module.NEEDED or any(
            budget in seeds for seeds in (self.seeds, *self.own_seeds.values())
        )

    def wanted(self, budget: str) -> Iterator[tuple[str, int]]:
        """The recipes that take part at this budget, and the least number of seeds of each."""
        for reference in self.recipes:
            own = self.own_seeds.get(catalog.name(reference), self.seeds | {budget: self.seeds.get(budget, 1)})
            if budget in own:
                yield reference, own[budget]


def course(name: str) -> list[Study]:
    """The study of that name, or the studies that it is made of, in order."""
    study = load(name)
    return [load(member) for member in study.studies] or [study]


def load(name: str) -> Study:
    """The study of that name (or path); InputError names the file, the key and the near miss."""
    path = catalog.find(name).file
    raw = read_mapping(path)
    for key, value in raw.items():
        if key in REPLACED_BY_SHOWS:
            raise InputError(
                f"{path}: {key}: write `shows: degradation` to have the tables and the figure of that study"
            )
        if key not in KEYS:
            raise InputError(f"{path}: unknown key {quoted(key)}{near(key, KEYS)}")
        if not isinstance(value, KEYS[key]):
            raise InputError(f"{path}: {key}: {quoted(value)} is not a {KEYS[key].__name__}")
    for key in ("title", "studies" if "studies" in raw else "recipes"):
        if not raw.get(key):
            raise InputError(f"{path}: has no '{key}'")
    if "studies" in raw:
        return _of_studies(raw, path)
    recipes = _references(raw["recipes"], path)
    catalog.check_names(map(catalog.find, recipes))
    stems = [catalog.name(reference) for reference in recipes]
    seeds = raw.get("seeds", {})
    return Study(
        name=path.stem,
        title=raw["title"],
        source=raw.get("source", ""),
        recipes=recipes,
        seeds=_seeds({key: value for key, value in seeds.items() if key not in stems}, path),
        own_seeds={key: _seeds(value, path) for key, value in seeds.items() if key in stems},
        shows=_shows(raw.get("shows"), path),
        claims=tuple(
            claim.parse(entry, stems, f"{path}: claims: {number}")
            for number, entry in enumerate(raw.get("claims", []), start=1)
        ),
        sweep=_sweep(raw.get("sweep", {}), recipes, path),
        question=raw.get("question", ""),
    )


def _of_studies(raw: Mapping[str, Any], path: Path) -> Study:
    """A course, which has only a title and a source of its own."""
    studies = catalog.studies()
    for key in raw:
        if key not in ("title", "source", "studies"):
            raise InputError(f"{path}: a study of studies has no '{key}' of its own")
    for entry in raw["studies"]:
        if not isinstance(entry, str) or entry not in studies or entry == path.stem:
            raise InputError(f"{path}: studies: no study is called {quoted(entry)}{near(str(entry), studies)}")
    return Study(path.stem, raw["title"], raw.get("source", ""), (), {}, "", studies=tuple(raw["studies"]))


def _sweep(raw: Mapping[str, Any], recipes: Sequence[str], path: Path) -> Mapping[str, Sequence[Sequence[str]]]:
    """Recipe -> the settings of each point of its grid, as `--set` takes them."""
    by_name = {catalog.name(reference): reference for reference in recipes}
    points = {}
    for name, grid in raw.items():
        where = f"{path}: sweep: {plain(name)}"
        if name not in by_name:
            raise InputError(f"{where}: the study has no recipe of that name{near(str(name), by_name)}")
        if not isinstance(grid, dict) or not all(isinstance(values, list) and values for values in grid.values()):
            raise InputError(f"{where}: write settings and their values, such as {{training.lr: [0.01, 0.1]}}")
        lists = [[f"{key}={value}" for value in values] for key, values in grid.items()]
        points[by_name[name]] = list(itertools.product(*lists))
        recipe_module.load(by_name[name], "full", [pairs[0] for pairs in lists])  # an unknown key is said at once
    return points


def _references(entries: Sequence[Any], path: Path) -> tuple[str, ...]:
    """The recipes' names, or the paths of those beside a user's own study, `mine.yaml` or `mine.yaml:wide`."""
    recipes, studies = catalog.recipes(), catalog.studies()
    return tuple(_reference(entry, path, recipes, studies) for entry in entries)


def _reference(entry: Any, path: Path, recipes: Collection[str], studies: Collection[str]) -> str:
    if not isinstance(entry, str):
        raise InputError(f"{path}: recipes: {quoted(entry)} is not a recipe's name")
    file, variant = catalog.split(entry)
    beside = path.parent / (file if file.endswith(catalog.ENDINGS) else f"{file}.yaml")
    is_own = os.path.isfile(beside)  # unlike Path's, never an OSError, however long the entry
    if is_own and variant:
        return f"{beside}:{variant}"
    if catalog.is_study(catalog.Entry(beside, beside.stem)) if is_own else entry in studies:
        raise InputError(f"{path}: recipes: {plain(entry)} is a study, not a recipe")
    if is_own:
        return str(beside)
    if family := catalog.variant_in(path.parent, entry):
        return f"{family.file}:{family.name}"
    if entry not in recipes:
        raise InputError(f"{path}: recipes: no recipe is called {quoted(entry)}{near(entry, recipes)}")
    return entry


def modules() -> dict[str, str]:
    """The files that show a study, by its name: of `alexnet-tricks` it is `alexnet_tricks`."""
    makers = {*catalog.functions(MODULES, "tables"), *catalog.functions(MODULES, "figure")}
    return {name.replace("_", "-"): name for name in sorted(makers)}


def _shows(entry: str | None, path: Path) -> str:
    """The file that shows it."""
    known = modules()
    if entry is None:
        return known.get(path.stem, "") if path.parent == catalog.folder() / "studies" else ""
    if entry not in known:
        names = ", ".join(known)
        raise InputError(f"{path}: shows: no study is called {quoted(entry)}{near(entry, known)}; here: {names}")
    return known[entry]


def _seeds(raw: Any, path: Path) -> dict[str, int]:
    if not isinstance(raw, dict):
        raise InputError(f"{path}: seeds: {quoted(raw)} is not a number of seeds for each budget")
    for budget, number in raw.items():
        if budget not in recipe_module.BUDGETS or isinstance(number, bool) or not isinstance(number, int) or number < 1:
            raise InputError(f"{path}: seeds: write a number of seeds for each budget, such as {{short: 3}}")
    return raw
