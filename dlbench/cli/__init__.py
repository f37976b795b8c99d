"""The command line: a file a verb, imported when its verb is called and not before, so that `--help` is quick.

A verb is the function of its name, which returns an exit code or nothing; its parameters are the options. A verb with
verbs of its own is a module with an `app`.
"""

from __future__ import annotations

import importlib
import os
import sys
import traceback
from collections.abc import Callable
from typing import Annotated, Any, Final, NoReturn

import typer
from typer.core import TyperCommand, TyperGroup
from typer.main import get_group

from dlbench import exits, streams
from dlbench.errors import INSTALL_TORCH, InputError, is_about_torch

# typer imports pydantic, which takes as long as all else at start-up, to check a value it was not given, even that of
# its own --help; a default spares it.
QUICK: Final = {"default_map": {"help": False}}
VERBS: Final = {  # in the order of `--help`, each with the first sentence of its own
    "show": "Show a recipe's architecture card, or what a study compares, before anything is trained.",
    "run": "Run recipes and studies; ends in their tables.",
    "replay": "Repeat the first steps of runs as their files describe them, and compare losses, scores and weights.",
    "evaluate": "Score the weights of a run that kept them, or weights that others published, on a recipe's own model.",
    "view": "Show runs in the browser while they learn, those of other processes too; prints the address of a page.",
    "lecture": "Run every study of the lecture, and print its claims.",
    "report": "Print the tables of recipes and studies from run files, and what they say of the studies' claims.",
    "claims": "Print what studies claim, published beside measured, and whether the runs bear it out.",
    "time": "Time the loop that trains, or inference: examples per second with their interval, memory, TFLOP/s and MFU.",  # noqa: E501
    "compare": "Compare measurements: per recipe and metric the ratio, its interval, a test and a verdict.",
    "gate": "Time recipes in two environments in turns on this machine; fail if the second one is slower.",
    "export": "Export measurements for CI dashboards, spreadsheets, trackers, or a later compare.",
    "pack": "Write many run files into one compressed file, which every verb reads as it reads a folder.",
    "unpack": "Write the files of a pack into a new folder: the same bytes, paths and times.",
    "doctor": "Check the installation, devices, compiler, data and results, and say what to do.",
    "machine": "Show this machine and the fingerprint that decides whether two results may be compared.",
    "devices": "Measure each device's peak speed and memory bandwidth, beside the lecture's hardware.",
    "list": "List what there is: recipes by study if WHAT is left out, and five for a first hour on top.",
    "schema": "Print the JSON Schema of recipes or of studies, by which an editor completes and checks a YAML file.",
    "data": "Data sets: what is on disk, and getting what is not.",
    "history": "Measurements kept by commit and machine: trends, and where they changed.",
    "baseline": "Measurements kept under a name, to compare later ones with.",
}
SHARED: Final = {
    "lecture": "claims",
    "unpack": "pack",
    "devices": "machine",
}  # verb -> the file of another that it is in


class Verbs(TyperGroup):
    """Knows its verbs by VERBS, until one is called."""

    def __init__(self, **settings: Any) -> None:
        stubs = {name: TyperCommand(name=name, help=sentence) for name, sentence in VERBS.items()}
        super().__init__(**settings | {"commands": stubs})

    def resolve_command(self, context: Any, words: list[str]) -> tuple[str | None, Any, list[str]]:
        """The verb itself in place of its stub."""
        name, _, rest = super().resolve_command(context, words)
        return name, command(name) if name else None, rest


def verb(name: str) -> Callable[..., int | None] | typer.Typer:
    """The function of a verb, or the app of one that has verbs of its own; imports its module."""
    module = importlib.import_module(f"{__name__}.{SHARED.get(name, name)}")
    target: Callable[..., int | None] | typer.Typer = getattr(module, name, None) or module.app
    return target


def command(name: str) -> Any:
    """What parses a verb's words and calls it."""
    target, alone = verb(name), typer.Typer(rich_markup_mode=None)
    if isinstance(target, typer.Typer):
        alone.add_typer(target, name=name)
    else:
        alone.command(name)(target)
    return get_group(alone).commands[name]


def _end(code: int | None, **_: object) -> None:
    raise typer.Exit(code or exits.FINE)


app = typer.Typer(
    cls=Verbs,
    help="Runs the lecture 'Introduction to Deep Learning' as benchmarks: measured numbers beside the published ones.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings=QUICK,
    result_callback=_end,
)


@app.callback(invoke_without_command=True)
def _version(version: Annotated[bool, typer.Option("--version", help="Show the version and exit.")] = False) -> None:
    if version:
        from dlbench.version import __version__

        typer.echo(f"dlbench {__version__}")
        raise typer.Exit


def main() -> NoReturn:
    """Run the command of this process, once where torchrun has started several."""
    if "TORCHELASTIC_RUN_ID" not in os.environ:
        _main()
    from dlbench.cli import torchrun

    torchrun.run(_main)


def _main() -> NoReturn:
    """Run a command; what the user can mend is one line on standard error and exit code 2.

    Whoever reads standard output may stop early: the command goes on, and its exit code means what it always means.
    """
    streams.prepare()
    try:
        try:
            app()
        finally:
            if sys.stdout is not None:
                sys.stdout.flush()
    except InputError as error:
        _fail(str(error), exits.USAGE)
    except KeyboardInterrupt:
        _fail("interrupted", exits.INTERRUPTED)
    except Exception as error:
        _fail_by_bug(error)
    finally:
        streams.finish()
    sys.exit(exits.FINE)


def _fail_by_bug(error: Exception) -> NoReturn:
    """An exception that nobody expected is no verdict: it has an exit code of its own. A missing torch is no bug."""
    from dlbench.reading import plain

    if is_about_torch(error):
        _fail(f"this needs torch, which is not installed ({plain(error)}); {INSTALL_TORCH}", exits.USAGE)
    traceback.print_exc()
    if isinstance(error, ImportError) and (error.name or "").partition(".")[0] != "dlbench":
        _fail(f"the installation is not whole ({plain(error)}); `dlbench doctor` says what is missing", exits.USAGE)
    _fail(f"a bug of dlbench, please report it with the lines above: {type(error).__name__}: {plain(error)}", exits.BUG)


def _fail(message: str, code: int) -> NoReturn:
    print(f"dlbench: {message}", file=sys.stderr)
    sys.exit(code)
