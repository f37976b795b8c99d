"""A verb called from Python: its options are keyword arguments, and a value means what it means on the command line."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Collection, Mapping, Sequence
from inspect import Parameter, Signature
from typing import Any, get_type_hints

import typer

from dlbench import cli
from dlbench.errors import InputError
from dlbench.reading import near


def arguments(verb: str, names: Sequence[str], options: Mapping[str, Any]) -> dict[str, Any]:
    """What the verb's function would be called with, checked and converted; InputError for what the command refuses."""
    command = _parser(verb)
    known = {parameter.name: parameter for parameter in command.params}
    words: list[str] = []
    for name, value in options.items():
        if name not in known:
            raise InputError(f"{verb}: unknown option {name!r}{near(name, known)}")
        words += _words(known[name], value)
    try:
        parsed: dict[str, Any] = command.main([*words, "--", *names], standalone_mode=False)
    except typer.BadParameter as error:
        raise InputError(f"{verb}: {error.format_message()}") from None
    return parsed


def signature(verb: str, but: Collection[str], returned: Any) -> Signature:
    """That of a function which takes a verb's names, and its options as keywords."""
    function = _function(verb)
    hints = get_type_hints(function)
    first, *options = [
        parameter.replace(kind=Parameter.KEYWORD_ONLY, annotation=hints[parameter.name])
        for parameter in inspect.signature(function).parameters.values()
        if parameter.name not in but
    ]
    names = Parameter(first.name, Parameter.VAR_POSITIONAL, annotation=str)
    return Signature([names, *options], return_annotation=returned)


def helps(verb: str, but: Collection[str]) -> str:
    """A line for each option: its name, and what the command's help says of it."""
    told = {parameter.name: parameter.help for parameter in _parser(verb).params if parameter.name not in but}
    return "\n".join(f"{name}: {words}" for name, words in told.items())


def _function(verb: str) -> Callable[..., Any]:
    function = cli.verb(verb)
    assert callable(function)
    return function


@functools.cache
def _parser(verb: str) -> Any:
    """The verb's command, but what it calls only returns what it was called with."""

    @functools.wraps(_function(verb))
    def called(**parsed: Any) -> dict[str, Any]:
        return parsed

    app = typer.Typer(rich_markup_mode=None, add_completion=False)
    app.command(verb)(called)
    return typer.main.get_command(app)


def _words(option: Any, value: Any) -> list[str]:
    """An option as the command line has it: a repeatable one once for each value, else with commas between them."""
    name, several = option.opts[0], isinstance(value, Sequence) and not isinstance(value, str)
    if value is None:
        return []
    if option.is_flag:
        return [name] if value else option.secondary_opts[:1]  # `--no-...`, where there is one
    if option.multiple:
        return [f"{name}={one}" for one in (value if several else [value])]
    return [f"{name}={','.join(map(str, value)) if several else value}"]
