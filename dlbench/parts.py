"""A name in YAML -> a function: `{name: resnet, depth: 56}` calls `dlbench/models/resnet.py`'s `resnet(depth=56)`.

A name is a file is a function; a name with a dot (`mylab.nets.wide`) is imported as written, from the folder of the
recipe or the current one. The function's keyword-only arguments are the schema of the YAML.
"""

from __future__ import annotations

import functools
import importlib
import inspect
import sys
import typing
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from pydantic import ConfigDict, TypeAdapter, ValidationError

from dlbench.errors import InputError
from dlbench.reading import near
from dlbench.recipe import PARTS, Part, Recipe

PACKAGES = {
    "data": "dlbench.data",
    "model": "dlbench.models",
    "training": "dlbench.training",
    "score": "dlbench.scores",
}


def names(kind: str) -> list[str]:
    """The parts of a kind (`data`, `model`, `training`, `score`) that come with dlbench; imports none of them."""
    package = Path(__file__).parent / PACKAGES[kind].partition(".")[2]
    return sorted(file.stem for file in package.glob("*.py") if f"\ndef {file.stem}(" in file.read_text("utf-8"))


def check(recipe: Recipe) -> None:
    """Raise InputError if a part of the recipe names no function, or gives it an argument it does not take."""
    for kind in PARTS:
        _arguments(kind, getattr(recipe, kind), recipe.path)


def bind(kind: str, recipe: Recipe) -> Callable[..., Any]:
    """The function of that part with its arguments from the recipe filled in and checked."""
    part: Part = getattr(recipe, kind)
    return functools.partial(_function(kind, part.name, recipe.path), **_arguments(kind, part, recipe.path))


def _function(kind: str, name: str, path: Path) -> Callable[..., Any]:
    module, _, attribute = name.rpartition(".")
    if not module:
        module, attribute = f"{PACKAGES[kind]}.{name}", name
        if name not in names(kind):
            raise InputError(
                f"{path}: {kind}: no {kind} is called '{name}'{near(name, names(kind))}; here: {', '.join(names(kind))}"
            )
    try:
        with _importable(path.parent):
            function = getattr(importlib.import_module(module), attribute)
    except ImportError as error:
        raise InputError(
            f"{path}: {kind}: '{name}' cannot be imported ({error}); looked in {path.parent} and the current folder"
        ) from None
    except AttributeError:
        raise InputError(f"{path}: {kind}: module '{module}' has no function '{attribute}'") from None
    return typing.cast("Callable[..., Any]", function)


def _arguments(kind: str, part: Part, path: Path) -> dict[str, Any]:
    """The part's arguments, checked one by one against the function's keyword-only arguments."""
    function = _function(kind, part.name, path)
    known = {name: p for name, p in inspect.signature(function).parameters.items() if p.kind is p.KEYWORD_ONLY}
    where = f"{path}: {kind}"
    for key in part.arguments:
        if key not in known:
            raise InputError(
                f"{where}: unknown key '{key}'{near(key, known)}; {part.name} takes {', '.join(known) or 'none'}"
            )
    for key, parameter in known.items():
        if parameter.default is parameter.empty and key not in part.arguments:
            raise InputError(f"{where}: {part.name} needs '{key}'")
    hints = typing.get_type_hints(function)
    return {key: _checked(hints.get(key, Any), value, f"{where}: {key}") for key, value in part.arguments.items()}


def _checked(hint: Any, value: Any, where: str) -> Any:
    try:
        return TypeAdapter(hint, config=ConfigDict(strict=True, arbitrary_types_allowed=True)).validate_python(value)
    except ValidationError as error:
        problem = error.errors(include_url=False)[0]
        raise InputError(f"{where}: {problem['msg']}, not {value!r}{_near_choice(hint, value)}") from None


def _near_choice(hint: Any, value: Any) -> str:
    choices = [choice for choice in typing.get_args(hint) if isinstance(choice, str)]
    return near(value, choices) if isinstance(value, str) else ""


@contextmanager
def _importable(folder: Path) -> Iterator[None]:
    """A user's own modules lie beside the recipe or in the current folder."""
    before = list(sys.path)
    sys.path[:0] = [str(folder.resolve()), str(Path.cwd())]
    try:
        yield
    finally:
        sys.path[:] = before
