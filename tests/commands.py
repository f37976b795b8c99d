"""`python tests/commands.py` prints every verb with its options, from what `--help` says, for docs/commands.md."""

import enum
import inspect
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal, get_args, get_origin, get_type_hints

import typer
from typer.models import ArgumentInfo, CommandInfo, OptionInfo

from dlbench.cli import VERBS, verb

Info = ArgumentInfo | OptionInfo
HEAD = ("| argument or option | meaning | if left out |", "|---|---|---|")
KINDS = {int: "NUMBER", float: "NUMBER", Path: "PATH"}


def page() -> Iterator[str]:
    """A section for each verb, and one for each group of verbs."""
    for word in VERBS:
        called = verb(word)
        yield f"## dlbench {word}\n"
        if isinstance(called, typer.Typer):
            rows = [line for each in called.registered_commands for line in member(word, each)]
        else:
            command = CommandInfo(word, callback=called)
            yield f"{text(command)}\n\n```text\n{usage('dlbench', command)}\n```\n"
            rows = options(command)
        if rows:
            yield "\n".join([*HEAD, *rows]) + "\n"


def member(group: str, command: CommandInfo) -> list[str]:
    """What stands in its group's table of a verb: itself, and its options."""
    itself = f"| `{usage(f'dlbench {group}', command)}` | {text(command)} | |"
    return [itself, *(line for line in options(command) if line.startswith("| `-"))]


def name(command: CommandInfo) -> str:
    """The word to type."""
    assert command.callback
    return command.name or command.callback.__name__


def text(command: CommandInfo) -> str:
    """What the verb's help says first."""
    assert command.callback
    return command.help or inspect.cleandoc(command.callback.__doc__ or "")


def usage(prefix: str, command: CommandInfo) -> str:
    """`dlbench run [OPTIONS] NAME...`."""
    found = parameters(command)
    arguments = [_argument(parameter, info) for parameter, info in found if isinstance(info, ArgumentInfo)]
    return " ".join([prefix, name(command), *(["[OPTIONS]"] if len(found) > len(arguments) else []), *arguments])


def options(command: CommandInfo) -> list[str]:
    """A row for each argument and option."""
    return [
        f"| `{_written(parameter, info)}` | {_choices(parameter)}{info.help or ''} | {_default(parameter)} |"
        for parameter, info in parameters(command)
    ]


def parameters(command: CommandInfo) -> list[tuple[inspect.Parameter, Info]]:
    """The arguments and options of a verb's function, each with what the command line knows of it."""
    assert command.callback
    hints = get_type_hints(command.callback, include_extras=True)
    return [
        (parameter.replace(annotation=get_args(hints[parameter.name])[0]), extra)
        for parameter in inspect.signature(command.callback).parameters.values()
        for extra in getattr(hints[parameter.name], "__metadata__", ())
    ]


def _written(parameter: inspect.Parameter, info: Info) -> str:
    return _argument(parameter, info) if isinstance(info, ArgumentInfo) else _option(parameter, info)


def _argument(parameter: inspect.Parameter, info: Info) -> str:
    shown = info.metavar or parameter.name.upper()
    return shown if parameter.default is inspect.Parameter.empty or shown.startswith("[") else f"[{shown}]"


def _option(parameter: inspect.Parameter, info: Info) -> str:
    usual = f"--{parameter.name.replace('_', '-')}"
    names = [word for word in (info.default, *(info.param_decls or ())) if isinstance(word, str)] or [usual]
    if parameter.default is True:
        names = [f"{usual} / --no-{usual[2:]}"]
    return " ".join([", ".join(names), *_value(parameter, info)])


def _value(parameter: inspect.Parameter, info: Info) -> Iterator[str]:
    """What follows the option, in capitals; nothing after a switch."""
    kinds = _kinds(parameter)
    if bool not in kinds:
        yield info.metavar or ("CHOICE" if _choices(parameter) else KINDS.get(next(iter(kinds), str), "TEXT"))


def _choices(parameter: inspect.Parameter) -> str:
    """`One of cpu, cuda. `, or nothing where there is no such choice."""
    kinds = (parameter.annotation, *_inner(parameter.annotation))
    values = [value for kind in kinds if get_origin(kind) is Literal for value in get_args(kind)]
    values += [choice.value for kind in _kinds(parameter) if issubclass(kind, enum.Enum) for choice in kind]
    return f"One of {', '.join(f'`{value}`' for value in values)}. " if values else ""


def _kinds(parameter: inspect.Parameter) -> list[type]:
    return [kind for kind in (parameter.annotation, *_inner(parameter.annotation)) if isinstance(kind, type)]


def _inner(annotation: Any) -> Iterator[Any]:
    for inner in get_args(annotation):
        yield inner
        yield from _inner(inner)


def _default(parameter: inspect.Parameter) -> str:
    value = parameter.default
    is_told = not isinstance(value, bool) and isinstance(value, str | int | float | Path) and str(value)
    return f"`{value}`" if is_told else ""


if __name__ == "__main__":
    print("\n".join(page()))
