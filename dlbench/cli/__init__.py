"""The verbs: parse, delegate, print. Heavy modules are imported inside the commands, so that `--help` is quick."""

from __future__ import annotations

import sys
import traceback
from typing import Annotated, Final, NoReturn

import typer

from dlbench import exits, streams
from dlbench.cli import comparing, filing, looking, measuring, replaying
from dlbench.errors import InputError
from dlbench.reading import plain

# typer imports pydantic, which takes as long as all else at start-up, to check a value it was not given, even that of
# its own --help; a default spares it.
QUICK: Final = {"default_map": {"help": False}}
SHELVES: Final = {  # a command each and not an argument's values, which pydantic would have to check
    "recipes": "What can be run.",
    "studies": "What compares recipes.",
    "datasets": "What can be learnt from, and whether it is on disk.",
    "models": "Architectures a recipe may name.",
    "rules": "Learning rules: how a recipe trains.",
    "scores": "What is measured of a trained model.",
    "pictures": "What a run file may keep to show of one.",
    "devices": "What can compute here.",
}

app = typer.Typer(
    help="Runs the lecture 'Introduction to Deep Learning' as benchmarks: measured numbers beside the published ones.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings=QUICK,
)


@app.callback(invoke_without_command=True)
def _version(version: Annotated[bool, typer.Option("--version", help="Show the version and exit.")] = False) -> None:
    if version:
        from dlbench.version import __version__

        typer.echo(f"dlbench {__version__}")
        raise typer.Exit


for _verb in (
    looking.show, measuring.run, replaying.replay, measuring.lecture, looking.report, looking.claims, measuring.time,
    comparing.compare, comparing.gate, comparing.export, filing.pack, filing.unpack, looking.doctor, looking.machine,
    looking.devices,
):  # fmt: skip
    app.command()(_verb)

_list = typer.Typer(invoke_without_command=True, subcommand_metavar="[WHAT]", context_settings=QUICK)
_list.callback()(looking.list_)
for _shelf, _what in SHELVES.items():
    _list.command(_shelf, help=_what, context_settings=QUICK)(looking.lister(_shelf))
app.add_typer(_list, name="list")

_data = typer.Typer(help="Data sets: what is on disk, and getting what is not.", no_args_is_help=True)
_data.command("list")(looking.data_list)
_data.command("get")(looking.data_get)
_data.command("path")(looking.data_path)
app.add_typer(_data, name="data")

_baseline = typer.Typer(help="Measurements kept under a name, to compare later ones with.", no_args_is_help=True)
_baseline.command("save")(comparing.baseline_save)
_baseline.command("list")(comparing.baseline_list)
_baseline.command("show")(comparing.baseline_show)
_baseline.command("rm")(comparing.baseline_rm)
app.add_typer(_baseline, name="baseline")


def main() -> NoReturn:
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
        _end(str(error), exits.USAGE)
    except KeyboardInterrupt:
        _end("interrupted", exits.INTERRUPTED)
    except Exception as error:
        _end_of_bug(error)
    finally:
        streams.finish()
    sys.exit(exits.FINE)


def _end_of_bug(error: Exception) -> NoReturn:
    """An exception that nobody expected is no verdict: it has an exit code of its own."""
    traceback.print_exc()
    if isinstance(error, ImportError) and (error.name or "").partition(".")[0] != "dlbench":
        _end(f"the installation is not whole ({plain(error)}); `dlbench doctor` says what is missing", exits.USAGE)
    _end(f"a bug of dlbench, please report it with the lines above: {type(error).__name__}: {plain(error)}", exits.BUG)


def _end(message: str, code: int) -> NoReturn:
    print(f"dlbench: {message}", file=sys.stderr)
    sys.exit(code)
