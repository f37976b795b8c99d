"""JSON Schemas of recipes and studies, by which an editor completes and checks YAML: from the signatures that check it.

An editor must not call wrong what dlbench takes, so what depends on other files stays open: a key that a recipe leaves
to what it extends, and the keys of a user's own functions. `dlbench show` says what is wrong there. Draft 7, which
editors read.
"""

from __future__ import annotations

import importlib
import inspect
from collections.abc import Iterable, Mapping
from typing import Any, Final, get_args

from dlbench import parts
from dlbench.parts import identity
from dlbench.spec import catalog, claim, recipe, study

Schema = dict[str, Any]
DRAFT: Final = "http://json-schema.org/draft-07/schema#"
TYPES: Final = {str: "string", list: "array", dict: "object", int: "integer"}
OWN: Final = r"\."  # a name with a dot is a function of the user's own
KINDS: Final = (*recipe.PARTS, "pictures")
SEEDS: Final = {"type": "integer", "minimum": 1}
COUNT: Final = {"type": "integer", "minimum": 0}
SETTINGS: Final[dict[str, Schema]] = {
    "seeds": SEEDS,
    "together": {"enum": [*recipe.TOGETHER, False]},
    "curve": {"type": "object", "properties": {"points": COUNT, "examples": COUNT}, "additionalProperties": False},
    "precision": {"enum": list(recipe.PRECISIONS)},
}
"""What a budget may set besides the parts."""


def of_recipes() -> Schema:
    """What a recipe's file may say."""
    parts_by_kind = {kind: _parts(kind) for kind in KINDS}
    definitions = {
        **{kind: _part(known) for kind, known in parts_by_kind.items()},
        "variant": _object(_keys()),
        "extends-shipped": {"properties": {"extends": {"enum": list(catalog.recipes())}}},
        "names-shipped": _at_every_budget(
            {kind: {"properties": {"name": {"not": {"pattern": OWN}}}} for kind in KINDS}
        ),
        "nameless-known": _at_every_budget(
            {kind: {"if": {"required": ["name"]}, "else": _nameless(known)} for kind, known in parts_by_kind.items()}
        ),
    }
    variants = {"type": "object", "maxProperties": catalog.MOST_VARIANTS, "additionalProperties": _ref("variant")}
    return {
        "$schema": DRAFT,
        "title": "A recipe of dlbench, or a family of them",
        **_object(_keys() | {catalog.VARIANTS: variants}),
        "if": {"required": ["extends"]},
        "else": {"required": ["title", *recipe.PARTS], "properties": {p: {"required": ["name"]} for p in recipe.PARTS}},
        "allOf": [_checked_throughout()],
        "definitions": definitions,
    }


def of_studies() -> Schema:
    """What a study's file may say."""
    special = {
        "recipes": _list(_suggested(catalog.recipes()), minItems=1),
        "studies": _list({"enum": list(catalog.studies())}, minItems=1),
        "seeds": {
            "properties": dict.fromkeys(recipe.BUDGETS, SEEDS),
            "additionalProperties": _object(dict.fromkeys(recipe.BUDGETS, SEEDS)),
        },
        "shows": {"enum": list(study.modules())},
        "claims": _list(_claim()),
        "sweep": {"additionalProperties": {"type": "object", "additionalProperties": _list({}, minItems=1)}},
    }
    return {
        "$schema": DRAFT,
        "title": "A study of dlbench",
        **_object({key: {"type": TYPES[kind]} | special.get(key, {}) for key, kind in study.KEYS.items()}),
        "required": ["title"],
        "if": {"required": ["studies"]},
        "then": {"propertyNames": {"enum": ["title", "source", "studies"]}},
        "else": {"required": ["recipes"]},
    }


def _keys() -> dict[str, Schema]:
    """The keys of a recipe, or of a variant."""
    at_a_budget = {**{part: _ref(part) for part in recipe.PARTS}, **SETTINGS}
    special: dict[str, Schema] = {
        **at_a_budget,
        **dict.fromkeys(recipe.BUDGETS, _object(at_a_budget)),
        "together": {"enum": list(recipe.TOGETHER)},
        "pictures": {"anyOf": [{"type": "null"}, _ref("pictures")]},
        "published": {"type": "object", "additionalProperties": {"type": "number"}},
        "extends": _suggested(catalog.recipes()),
    }
    return {key: special.get(key, {"type": TYPES.get(kind)}) for key, kind in recipe.TYPES.items()}  # type: ignore[arg-type]


def _checked_throughout() -> Schema:
    """A part without a name has keys of its kind's functions, unless what it differs from may be a user's own."""
    checked = _ref("nameless-known")
    is_shipped = [_ref("extends-shipped"), _ref("names-shipped"), _for_variants(_ref("names-shipped"))]
    variants = _for_variants({"if": _ref("extends-shipped"), "then": checked})
    return {"if": {"allOf": is_shipped}, "then": {"allOf": [checked, variants]}}


def _for_variants(schema: Schema) -> Schema:
    return {"properties": {catalog.VARIANTS: {"additionalProperties": schema}}}


def _at_every_budget(by_kind: Mapping[str, Schema]) -> Schema:
    """What holds of each kind of part, of the recipe and below its budgets."""
    below = {"properties": by_kind}
    return {"properties": {**by_kind, **dict.fromkeys(recipe.BUDGETS, below)}}


def _parts(kind: str) -> dict[str, Schema]:
    """The functions of a kind, by name: what each is, and its keyword arguments."""
    return {name: _function(identity.module(kind, name), name) for name in parts.names(kind)}


def _function(module: str, name: str) -> Schema:
    function = getattr(importlib.import_module(module), name)
    about = (inspect.getdoc(function) or "").partition("\n")[0]
    arguments = {key: argument.type.json_schema() for key, argument in parts.keywords(function).items()}
    return {"description": about, **_object({"name": {}} | arguments)}


def _part(known: Mapping[str, Schema]) -> Schema:
    """A function by name, or by a name with a dot, and the keyword arguments of the one that is named."""
    name = {"anyOf": [{"enum": list(known)}, {"type": "string", "pattern": OWN}]}
    rules = [
        {"if": {"required": ["name"], "properties": {"name": {"const": name}}}, "then": function}
        for name, function in known.items()
    ]
    return {"type": "object", "properties": {"name": name}, "allOf": rules}


def _nameless(known: Mapping[str, Schema]) -> Schema:
    """The keyword arguments of any function of a kind."""
    values: dict[str, list[Schema]] = {}
    for function in known.values():
        for key, value in function["properties"].items():
            others = values.setdefault(key, [])
            others += [value] if value not in others else []
    return _object({key: {"anyOf": schemas} for key, schemas in values.items()})


def _claim() -> Schema:
    metric = {"anyOf": [{"type": "string"}, _steps_until()]}
    quantity = {"type": "object", "properties": {"recipe": {"type": "string"}, "metric": metric}}
    side = {"anyOf": [{"type": "string"}, {**quantity, "required": ["recipe"], "additionalProperties": False}]}
    special: dict[str, Schema] = {
        "says": {"type": "string", "minLength": 1},
        "stated": {"type": "string", "pattern": r"^(\d{4}-?\d\d-?\d\d)?$"},
        "kind": {"enum": list(get_args(claim.Kind))},
        "whose": {"enum": list(get_args(claim.Whose))},
        "metric": metric,
        "of": side,
        "relation": {"enum": list(claim.RELATIONS)},
        "than": {"anyOf": [{"type": "number"}, side]},
        "by": {"type": "number", "minimum": 0},
        "each": {"type": "boolean"},
        "published": {"type": ["string", "number"]},
        "budget": {"enum": list(recipe.BUDGETS)},
    }
    return {
        **_object({key: special.get(key, {"type": "string"}) for key in claim.KEYS}),
        "required": list(claim.NEEDED),
        "if": {"properties": {"relation": {"enum": [name for name in claim.RELATIONS if name not in claim.USUAL]}}},
        "then": {"required": ["by"]},
    }


def _steps_until() -> Schema:
    keys = {"steps_until": {"type": "string"}, "at_most": {"type": "number"}}
    return {**_object(keys), "required": list(keys)}


def _object(properties: Mapping[str, Schema]) -> Schema:
    """A mapping with these keys and no others."""
    return {"type": "object", "properties": dict(properties), "additionalProperties": False}


def _list(items: Schema, **limits: int) -> Schema:
    return {"type": "array", "items": items, **limits}


def _suggested(names: Iterable[str]) -> Schema:
    """One of these names, or a user's own."""
    return {"anyOf": [{"enum": list(names)}, {"type": "string"}]}


def _ref(name: str) -> Schema:
    return {"$ref": f"#/definitions/{name}"}
