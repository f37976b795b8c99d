"""A name in YAML -> a function: `{name: resnet, depth: 56}` calls `dlbench/models/resnet.py`'s `resnet(depth=56)`.

A name is a file is a function; a name with a dot (`mylab.nets.wide`) is imported as written, from the folder of the
recipe or the current one. Functions, classes and callable objects alike; their keyword-only arguments are the schema of
the YAML.
"""

from __future__ import annotations

import functools
import inspect
import traceback
import typing
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from pydantic import ConfigDict, TypeAdapter, ValidationError

from dlbench import streams
from dlbench.errors import InputError
from dlbench.numbers import Number, numbers
from dlbench.parts import identity, modules
from dlbench.reading import near
from dlbench.spec import catalog
from dlbench.spec.catalog import Entry
from dlbench.spec.recipe import Part, Recipe


def names(kind: str) -> Sequence[str]:
    """The parts of a kind (`data`, `model`, `training`, `score`, `pictures`) that dlbench has; imports none of them."""
    return catalog.functions(identity.PACKAGES[kind].partition(".")[2])


def check(recipe: Recipe) -> None:
    """Raise InputError if a part of the recipe names no function, or gives it an argument it does not take."""
    for kind in recipe.parts:
        _arguments(kind, getattr(recipe, kind), recipe.entry)


def bind(kind: str, recipe: Recipe) -> Callable[..., Any]:
    """The function of that part, with the recipe's arguments filled in and checked, and a score's results checked."""
    part: Part = getattr(recipe, kind)
    function = functools.partial(_function(kind, part.name, recipe.entry), **_arguments(kind, part, recipe.entry))
    return _giving_numbers(function, f"the score {part.name}") if kind == "score" else function


def _giving_numbers(score: Callable[..., Any], who: str) -> Callable[..., dict[str, Number]]:
    """The score, raising NoResult where it returns anything but numbers by name."""

    def checked(*arguments: Any) -> dict[str, Number]:
        return numbers(score(*arguments), who)

    return checked


def can_continue(recipe: Recipe) -> bool:
    """Whether the learning rule of the recipe takes a checkpoint."""
    return _takes(recipe, "checkpoint")


def can_be_captured(recipe: Recipe) -> bool:
    """Whether the learning rule of the recipe can make a CUDA graph of its step."""
    return _takes(recipe, "capture")


def _takes(recipe: Recipe, name: str) -> bool:
    """Whether the learning rule has an argument of this name that the trial provides."""
    function = _function("training", recipe.training.name, recipe.entry)
    parameter = inspect.signature(function, eval_str=True).parameters.get(name)
    return parameter is not None and _is_from_trial(parameter.annotation)


def cause(error: BaseException) -> str:
    """One line: what went wrong and in which line of which file, `ValueError: depth 57 (nets.py:3)`."""
    if isinstance(error, SyntaxError):
        position, problem = f"{error.filename}:{error.lineno}", error.msg
    else:
        frames = [f for f in traceback.extract_tb(error.__traceback__) if not f.filename.startswith("<frozen")]
        position, problem = f"{frames[-1].filename}:{frames[-1].lineno}" if frames else "", str(error)
    return " ".join(f"{type(error).__name__}: {problem}".split()) + (f" ({position})" if position else "")


def _function(kind: str, name: str, entry: Entry) -> Callable[..., Any]:
    where = f"{entry}: {kind}"
    if not name.rpartition(".")[0] and name not in names(kind):
        raise InputError(
            f"{where}: no {kind} is called '{name}'{near(name, names(kind))}; here: {', '.join(names(kind))}"
        )
    module, attribute = identity.module(kind, name), name.rpartition(".")[2]
    with streams.aside():
        function = getattr(_module(module, name, entry, where), attribute, None)
    if function is None:
        raise InputError(f"{where}: module '{module}' has no function '{attribute}'")
    if not callable(function):
        raise InputError(f"{where}: '{name}' is no function but a {type(function).__name__}")
    return function  # type: ignore[no-any-return]


def _module(module: str, name: str, entry: Entry, where: str) -> Any:
    """The imported module; an error while importing it is an InputError, as its author can mend it."""
    try:
        return modules.load(module, entry.file.parent)
    except modules.NameTaken as error:
        raise InputError(f"{where}: '{name}' cannot be imported: {error}") from None
    except (Exception, SystemExit) as error:
        if isinstance(error, ModuleNotFoundError) and f"{module}.".startswith(f"{error.name}."):
            raise InputError(
                f"{where}: '{name}' cannot be imported ({error}); looked in {entry.file.parent} and the current folder"
            ) from None
        raise InputError(f"{where}: '{name}' cannot be imported: {cause(error)}") from None


def _arguments(kind: str, part: Part, entry: Entry) -> dict[str, Any]:
    """The part's arguments, checked one by one against the function's keyword-only arguments."""
    where = f"{entry}: {kind}"
    function = _function(kind, part.name, entry)
    try:
        schema = keywords(function)
    except Exception as error:  # a signature is as its author wrote it
        raise InputError(f"{where}: the signature of '{part.name}' cannot be read: {cause(error)}") from None
    for key in part.arguments:
        if key not in schema:
            raise InputError(
                f"{where}: unknown key '{key}'{near(key, schema)}; {part.name} takes {', '.join(schema) or 'none'}"
            )
    for key, argument in schema.items():
        if argument.needed and key not in part.arguments:
            raise InputError(f"{where}: {part.name} needs '{key}'")
    return {key: _checked(schema[key], value, f"{where}: {key}") for key, value in part.arguments.items()}


class _Argument(typing.NamedTuple):
    hint: Any
    needed: bool
    type: TypeAdapter[Any]


@functools.cache
def keywords(function: Callable[..., Any]) -> Mapping[str, _Argument]:
    """The keyword-only arguments; cached, as a thousand seeds need the same."""
    strict = ConfigDict(strict=True, arbitrary_types_allowed=True)
    parameters = inspect.signature(function, eval_str=True).parameters
    hints = {
        name: Any if p.annotation is p.empty else p.annotation
        for name, p in parameters.items()
        if p.kind is p.KEYWORD_ONLY and not _is_from_trial(p.annotation)
    }
    return {
        name: _Argument(hint, parameters[name].default is inspect.Parameter.empty, TypeAdapter(hint, config=strict))
        for name, hint in hints.items()
    }


def _is_from_trial(hint: Any) -> bool:
    """Whether the trial provides an argument, not the YAML."""
    from dlbench.training.capture import Capture
    from dlbench.training.checkpoint import Checkpoint

    return not {Capture, Checkpoint}.isdisjoint((hint, *typing.get_args(hint)))


def _checked(argument: _Argument, value: Any, where: str) -> Any:
    try:
        return argument.type.validate_python(value)
    except ValidationError as error:
        problem = error.errors(include_url=False)[0]
        raise InputError(f"{where}: {problem['msg']}, not {value!r}{_near_choice(argument.hint, value)}") from None


def _near_choice(hint: Any, value: Any) -> str:
    choices = [choice for choice in typing.get_args(hint) if isinstance(choice, str)]
    return near(value, choices) if isinstance(value, str) else ""
