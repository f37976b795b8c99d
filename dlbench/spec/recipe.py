"""YAML -> Recipe: what to train, on what, how, and the published figure it aims at. Knows no torch."""

from __future__ import annotations

import hashlib
import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal, get_args

from dlbench.errors import InputError
from dlbench.measure.precision import Precision
from dlbench.reading import MAX_DEPTH, near, parse, plain, quoted, read_mapping
from dlbench.spec import catalog
from dlbench.spec.catalog import Entry

TOGETHER = ("model", "worker")
PRECISIONS = ("auto", *get_args(Precision))
BUDGETS = ("smoke", "short", "medium", "full")
NEEDED = ("medium",)  # budgets that not every recipe has
PARTS = ("data", "model", "training", "score")
TYPES: dict[str, type | tuple[type, ...]] = {
    "title": str, "source": str, "published": dict, "tags": list, "seeds": int, "together": str, "curve": dict,
    "extends": str, "pictures": dict, "precision": str, **dict.fromkeys(PARTS, dict), **dict.fromkeys(BUDGETS, dict),
}  # fmt: skip
RESERVED = ("time", "baselines")  # folders among the results that hold no runs
NOT_INHERITED = "published"  # a variant is another net or another training: no figure of its base is one of its own
REPLACED = "tags"  # by a variant's own, all of them


@dataclass(frozen=True)
class Part:
    """A function by name, and its keyword arguments: `{name: resnet, depth: 56}`."""

    name: str
    arguments: Mapping[str, Any]

    def as_dict(self) -> dict[str, Any]:
        """The part as it stands in YAML."""
        return {"name": self.name, **self.arguments}


@dataclass(frozen=True)
class Curve:
    """How often a run is scored during training, and on how many examples of each split."""

    points: int = 8
    examples: int = 1000


@dataclass(frozen=True)
class Recipe:
    """One recipe at one budget, all variants and settings resolved.

    together: `model` if all seeds learn at once as one batched model, `worker` if they take turns in one process, which
    suits trials shorter than the start of a process; else False, and each seed has a process of its own.
    pictures: what run files keep of the trained model for figures, if anything.
    precision: for products in layers unless the user says otherwise; `auto` is bf16 where the device supports it.
    """

    name: str
    title: str
    source: str
    budget: str
    data: Part
    model: Part
    training: Part
    score: Part
    published: Mapping[str, float] = field(default_factory=dict)
    tags: tuple[str, ...] = ()
    seeds: int = 1
    together: Literal["model", "worker", False] = False
    curve: Curve = Curve()
    path: Path = Path()
    pictures: Part | None = None
    precision: str = "fp32"

    @property
    def digest(self) -> str:
        """Eight hex digits that change whenever what is computed changes."""
        computed: dict[str, Any] = {part: _sorted(getattr(self, part).as_dict()) for part in PARTS}
        computed["together"] = self.together == "model"
        return hashlib.sha256(json.dumps(_sorted(computed)).encode()).hexdigest()[:8]

    def examples(self, available: int | None = None) -> int | None:
        """How many examples training sees, repeats counted; None where the recipe's own numbers do not say.

        available: how many the data set has, if that is known; a recipe may take fewer.
        """
        batch, steps, epochs = map(self.training.arguments.get, ("batch_size", "steps", "epochs"))
        if batch and steps:
            return int(batch * steps)
        count = self.data.arguments.get("train_examples", available)
        return int(epochs * count) if epochs and count else None

    @property
    def entry(self) -> Entry:
        """Its file and name; as text it begins an error that the recipe's author can mend."""
        return Entry(self.path, self.name)

    def as_dict(self) -> dict[str, Any]:
        """What a run file keeps: everything but the path of the recipe's file."""
        return {
            "name": self.name,
            "title": self.title,
            "source": self.source,
            "published": dict(self.published),
            "tags": list(self.tags),
            "together": self.together,
            "curve": {"points": self.curve.points, "examples": self.curve.examples},
            **({"precision": self.precision} if self.precision != "fp32" else {}),
            **{part: getattr(self, part).as_dict() for part in self.parts},
        }

    @property
    def parts(self) -> tuple[str, ...]:
        """The kinds of part that this recipe has."""
        return PARTS if self.pictures is None else (*PARTS, "pictures")


def _sorted(mapping: Mapping[str, Any]) -> dict[str, Any]:
    """Sorted by key; mappings inside keep their order, which may matter."""
    return {key: mapping[key] for key in sorted(mapping, key=str)}


def from_dict(raw: Mapping[str, Any], budget: str, path: Path) -> Recipe:
    """The recipe that `Recipe.as_dict` describes and that was read from `path`."""
    parts: dict[str, Any] = {part: _part(raw[part], part) for part in (*PARTS, "pictures") if part in raw}
    return Recipe(
        name=raw["name"], title=raw["title"], source=raw["source"], budget=budget, published=raw["published"],
        tags=tuple(raw["tags"]), together=raw["together"], curve=Curve(**raw["curve"]), path=path,
        precision=raw.get("precision", "fp32"), **parts,
    )  # fmt: skip


def load(name: str, budget: str = "short", settings: Sequence[str] = ()) -> Recipe:
    """The recipe of that name (or path) at a budget, with settings such as `training.lr=0.05` applied last.

    Raises InputError that names the file, the key and the near miss.
    """
    if budget not in BUDGETS:
        raise InputError(f"unknown budget {quoted(budget)}{near(budget, BUDGETS)}; one of {', '.join(BUDGETS)}")
    entry = catalog.find(name)
    _check_name(entry)
    raw = _extended(entry, ())
    if budget in NEEDED and budget not in raw:
        raise InputError(
            f"{entry}: has no {budget} budget; {' and '.join(b for b in BUDGETS if b not in NEEDED)} it has"
        )
    overrides = raw.get(budget) or {}
    _check_keys(overrides, f"{entry}: {budget}", (*PARTS, "seeds", "together", "curve", "precision"))
    raw = _merge(raw, overrides)
    for setting in settings:
        raw = _merge(raw, _setting(setting))
    return _recipe(raw, entry, budget)


def _check_name(entry: Entry) -> None:
    """Raise InputError for a name that no recipe may have: its runs go to a folder of that name."""
    name, it = entry.name, "it" if entry.is_variant else "the file"
    if not name.isprintable() or not name.strip("."):
        raise InputError(f"{plain(entry)}: no name for a recipe; rename {it}, in letters that can be printed")
    if name.lower() in RESERVED:
        raise InputError(f"{entry}: '{name}' is a folder of dlbench's own among the results; rename {it}")
    if entry.is_variant and (other := entry.file.with_name(f"{name}.yaml")).exists():
        raise InputError(f"{entry}: has the name of {other}, and results are kept by name; rename one of them")


def _extended(entry: Entry, seen: tuple[Entry, ...]) -> dict[str, Any]:
    """The entry's own mapping, laid over that of what it extends."""
    itself = Entry(entry.file.resolve(), entry.name)
    if itself in seen:
        raise InputError(f"{entry}: extends itself, by way of {_short(seen[-1])}")
    if len(seen) > MAX_DEPTH:
        raise InputError(
            f"{entry}: the {len(seen)}th recipe in a row, each extending the next; write out what is meant"
        )
    raw = _own(entry)
    _check_keys(raw, str(entry), TYPES)
    for key, value in raw.items():
        if key == "pictures" and value is None:  # what it extends keeps some, and it none
            continue
        if not isinstance(value, TYPES[key]) or (TYPES[key] is int and isinstance(value, bool)):
            wanted = {dict: "mapping", list: "list", str: "text", int: "whole number"}
            raise InputError(f"{entry}: {key}: {quoted(value)} is not a {wanted[TYPES[key]]}")  # type: ignore[index]
    if "extends" not in raw:
        return raw
    base = _extended(catalog.find(raw.pop("extends"), beside=entry.file), (*seen, itself))
    base = {
        key: value for key, value in base.items() if key not in (NOT_INHERITED, REPLACED if REPLACED in raw else "")
    }
    return _merge(base, raw)


def _own(entry: Entry) -> dict[str, Any]:
    """The entry's own mapping; a variant extends its file's own recipe unless it says otherwise."""
    variants = catalog.variants(entry.file)
    if entry.is_variant:
        return {"extends": entry.file.stem, **variants[entry.name]}
    return {key: value for key, value in read_mapping(entry.file).items() if key != catalog.VARIANTS}


def _short(entry: Entry) -> str:
    """The entry's short name, for messages about another one."""
    return entry.name if entry.is_variant else entry.file.name


def overruled(recipe: Recipe) -> Iterator[str]:
    """A line for each value of a variant that its base's values for this budget replaced, although nobody asked for it.

    None for `smoke`, which is meant to cut down every value.
    """
    if recipe.budget == "smoke":
        return
    layers = list(_layers(recipe.entry))
    parts = {part: getattr(recipe, part).as_dict() for part in PARTS}
    others = {"seeds": recipe.seeds, "curve": asdict(recipe.curve), "precision": recipe.precision}
    values = dict(_leaves(parts | others))
    for key, winner in values.items():
        own_level = next((level for level, (_, raw) in enumerate(layers) if key in dict(_leaves(raw))), len(layers))
        base_level = next(
            (i for i, (_, raw) in enumerate(layers) if key in dict(_leaves(raw.get(recipe.budget) or {}))), -1
        )
        if own_level >= base_level:
            continue
        (entry, own_values), (base, base_values) = layers[own_level], layers[base_level]
        value, base_value = dict(_leaves(own_values))[key], dict(_leaves(base_values[recipe.budget]))[key]
        if base_value == winner != value:
            yield (
                f"{entry}: {'.'.join(key)} is {json.dumps(winner)}, as {_short(base)} has it for {recipe.budget}, not "
                f"{json.dumps(value)}; to have that, write it below '{recipe.budget}:' as well"
            )


def tell_overruled(recipe: Recipe) -> None:
    """Print those lines on standard error."""
    for line in overruled(recipe):
        print(f"dlbench: {line}", file=sys.stderr)


def _layers(entry: Entry) -> Iterator[tuple[Entry, dict[str, Any]]]:
    """A recipe and, in turn, those it extends, each with its own mapping."""
    raw = _own(entry)
    yield entry, raw
    if "extends" in raw:
        yield from _layers(catalog.find(raw["extends"], beside=entry.file))


def _leaves(raw: Mapping[str, Any], above: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Each value that is no mapping, by the keys that lead to it."""
    for key, value in raw.items():
        if isinstance(value, Mapping):
            yield from _leaves(value, (*above, key))
        else:
            yield (*above, key), value


def _merge(base: Mapping[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    """`over` laid over `base`, key by key; a part of another name replaces the whole part."""
    merged = dict(base)
    for key, value in over.items():
        old = merged.get(key)
        same_part = (
            isinstance(old, dict) and isinstance(value, dict) and value.get("name", old.get("name")) == old.get("name")
        )
        merged[key] = _merge(old, value) if same_part else value  # type: ignore[arg-type]
    return merged


def _setting(text: str) -> dict[str, Any]:
    """`training.lr=0.05` -> {"training": {"lr": 0.05}}."""
    key, equals, value = text.partition("=")
    names = key.strip().split(".")
    where = plain(f"--set {text}")
    if not equals or not all(names) or len(names) > MAX_DEPTH:
        raise InputError(f"{where}: write it as part.key=value, for example training.lr=0.05")
    if names[0] not in (*PARTS, "curve", "seeds", "together"):
        raise InputError(f"{where}: unknown part {quoted(names[0])}{near(names[0], PARTS)}; one of {', '.join(PARTS)}")
    nested: Any = parse(value, where)
    for name in reversed(names):
        nested = {name: nested}
    return dict(nested)


def _recipe(raw: Mapping[str, Any], entry: Entry, budget: str) -> Recipe:
    for key in ("title", *PARTS):
        if key not in raw:
            raise InputError(f"{entry}: has no '{key}'")
    published = raw.get("published", {})
    for key, value in published.items():
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise InputError(f"{entry}: published: {plain(key)}: {quoted(value)} is not a number")
    curve = raw.get("curve", {})
    _check_keys(curve, f"{entry}: curve", ("points", "examples"))
    parts = PARTS if raw.get("pictures") is None else (*PARTS, "pictures")
    recipe = Recipe(
        name=entry.name, title=raw["title"], source=raw.get("source", ""), budget=budget, published=published,
        tags=tuple(map(str, raw.get("tags", []))), seeds=raw.get("seeds", 1), together=raw.get("together", False),
        curve=Curve(**curve), path=entry.file, precision=raw.get("precision", "fp32"),
        **{part: _part(raw[part], f"{entry}: {part}") for part in parts},
    )  # fmt: skip
    for key, number in (
        ("seeds", recipe.seeds),
        ("curve: points", recipe.curve.points),
        ("curve: examples", recipe.curve.examples),
    ):
        if isinstance(number, bool) or not isinstance(number, int) or number < (1 if key == "seeds" else 0):
            raise InputError(f"{entry}: {key}: {quoted(number)} is not a positive whole number")
    if recipe.together is not False and recipe.together not in TOGETHER:
        raise InputError(f"{entry}: together: {quoted(recipe.together)} is not one of {', '.join(TOGETHER)}")
    if recipe.precision not in PRECISIONS:
        raise InputError(
            f"{entry}: precision: {quoted(recipe.precision)} is not one of {', '.join(PRECISIONS)}"
            f"{near(recipe.precision, PRECISIONS)}"
        )
    return recipe


def has_budget(name: str, budget: str) -> bool:
    """Whether a recipe can be run at this budget."""
    return budget not in NEEDED or budget in _extended(catalog.find(name), ())


def _part(raw: Any, where: str) -> Part:
    if not isinstance(raw, dict) or not isinstance(raw.get("name"), str):
        raise InputError(f"{where}: needs a mapping with a 'name', such as {{name: resnet, depth: 20}}")
    return Part(raw["name"], {key: value for key, value in raw.items() if key != "name"})


def _check_keys(raw: Any, where: str, allowed: Any) -> None:
    if not isinstance(raw, dict):
        raise InputError(f"{where}: {quoted(raw)} is not a mapping")
    for key in raw:
        if key not in allowed:
            raise InputError(f"{where}: unknown key {quoted(key)}{near(key, allowed)}")
