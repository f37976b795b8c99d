"""The verbs: parse, delegate, print. Heavy modules are imported inside the commands, so that `--help` is quick."""

from __future__ import annotations

import sys
from enum import Enum
from pathlib import Path
from typing import Annotated, NoReturn

import typer

from dlbench import exits
from dlbench.errors import InputError

app = typer.Typer(
    help="Runs the lecture 'Introduction to Deep Learning' as benchmarks: measured numbers beside the published ones.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
data_app = typer.Typer(help="Data sets: what is on disk, and getting what is not.", no_args_is_help=True)
app.add_typer(data_app, name="data")


class Budget(str, Enum):
    """How long a trial may take."""

    smoke = "smoke"
    short = "short"
    full = "full"


class Precision(str, Enum):
    """What layers multiply in."""

    fp32 = "fp32"
    tf32 = "tf32"
    bf16 = "bf16"
    fp16 = "fp16"


class Mode(str, Enum):
    """What is timed."""

    train = "train"
    infer = "infer"
    both = "both"


class Shelf(str, Enum):
    """What can be listed."""

    recipes = "recipes"
    studies = "studies"
    models = "models"
    datasets = "datasets"
    devices = "devices"


class Format(str, Enum):
    """How a report is written."""

    terminal = "terminal"
    markdown = "markdown"
    csv = "csv"
    latex = "latex"
    json = "json"


Names = Annotated[
    list[str], typer.Argument(metavar="NAME...", help="Recipes, studies, or paths of YAML files of your own.")
]
Setting = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="PART.KEY=VALUE", help="Change a value, e.g. training.lr=0.05; repeatable."),
]


@app.callback(invoke_without_command=True)
def _version(version: Annotated[bool, typer.Option("--version", help="Show the version and exit.")] = False) -> None:
    if version:
        from dlbench import __version__

        typer.echo(f"dlbench {__version__}")
        raise typer.Exit


@app.command("list")
def list_(
    what: Annotated[Shelf | None, typer.Argument(help="What to list; recipes and studies if left out.")] = None,
) -> None:
    """List recipes, studies, models, datasets or devices."""
    from dlbench import listing

    listing.show(what.value if what else "")


@app.command()
def show(
    name: Annotated[str, typer.Argument(help="A recipe, a study, or a YAML file of your own.")],
    settings: Setting = None,
) -> None:
    """Show a recipe's architecture card, or what a study compares, before anything is trained."""
    from dlbench import card

    card.show(name, settings or [])


@app.command()
def run(
    names: Names,
    device: Annotated[str, typer.Option(help="auto, cpu, cuda:0, mps, xpu ...")] = "auto",
    seeds: Annotated[
        str | None, typer.Option(help="Such as 0-4 or 0,2,7; the recipe's or study's own number if left out.")
    ] = None,
    budget: Annotated[
        Budget, typer.Option(help="smoke: seconds; short: minutes on two CPU cores; full: as published.")
    ] = Budget.short,
    settings: Setting = None,
    precision: Annotated[
        Precision, typer.Option(help="What layers multiply in; parameters stay fp32.")
    ] = Precision.fp32,
    compile: Annotated[bool, typer.Option("--compile", help="Use torch.compile.")] = False,
    threads: Annotated[int | None, typer.Option(min=1, help="CPU threads; all cores if left out.")] = None,
    out: Annotated[Path, typer.Option(help="Folder for run files.")] = Path("results"),
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would run, and run nothing.")] = False,
    fresh: Annotated[bool, typer.Option("--fresh", help="Run again what is finished.")] = False,
    json: Annotated[bool, typer.Option("--json", help="Print the runs as JSON instead of tables.")] = False,
) -> None:
    """Run recipes and studies; ends in their tables. What is finished is not run again.

    Exit codes: 0 all finished, 2 something to mend in the call, 3 a trial failed or diverged, 130 interrupted.
    """
    from dlbench import running
    from dlbench.plan import parse_seeds

    chosen = parse_seeds(seeds) if seeds is not None else None
    raise typer.Exit(
        running.run(
            names,
            device=device,
            seeds=chosen,
            budget=budget.value,
            settings=settings or [],
            threads=threads,
            precision=precision.value,
            compile=compile,
            out=out,
            dry_run=dry_run,
            fresh=fresh,
            as_json=json,
        )
    )


@app.command()
def time(
    names: Names,
    device: Annotated[str, typer.Option(help="auto, cpu, cuda:0, mps, xpu ...")] = "auto",
    mode: Annotated[Mode, typer.Option(help="What to time.")] = Mode.train,
    batch_size: Annotated[
        str | None, typer.Option(help="Such as 32,128,512 or auto; the recipe's own if left out.")
    ] = None,
    precision: Annotated[Precision, typer.Option(help="What layers multiply in.")] = Precision.fp32,
    compile: Annotated[bool, typer.Option("--compile", help="Use torch.compile.")] = False,
    channels_last: Annotated[bool, typer.Option(help="How images lie in memory.")] = True,
    threads: Annotated[int | None, typer.Option(min=1, help="CPU threads; all cores if left out.")] = None,
    repeats: Annotated[int, typer.Option(min=1, help="Fresh processes for each row, taken in turns.")] = 3,
    min_seconds: Annotated[float, typer.Option(min=0.1, help="Seconds of laps in each process.")] = 3.0,
    out: Annotated[Path, typer.Option(help="Folder for timing files, below time/.")] = Path("results"),
    json: Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")] = False,
) -> None:
    """Time the loop that trains, or inference: examples per second with their interval, memory, TFLOP/s and MFU."""
    from dlbench import timing

    raise typer.Exit(
        timing.run(
            names,
            device=device,
            modes=("train", "infer") if mode is Mode.both else (mode.value,),
            batch_sizes=timing.parse_batch_sizes(batch_size) if batch_size is not None else None,
            precision=precision.value,
            compile=compile,
            channels_last=channels_last,
            threads=threads,
            repeats=repeats,
            min_seconds=min_seconds,
            as_json=json,
            out=out,
        )
    )


@app.command()
def report(
    names: Names,
    format: Annotated[Format, typer.Option("--format", help="How to write the tables.")] = Format.terminal,
    results: Annotated[Path, typer.Option(help="Folder of run files.")] = Path("results"),
    output: Annotated[
        Path | None, typer.Option("-o", "--output", help="Write to this file instead of the terminal.")
    ] = None,
    figure: Annotated[Path | None, typer.Option(help="Draw the study's figure to this .png or .svg.")] = None,
) -> None:
    """Print the tables of recipes and studies from run files."""
    from dlbench import reporting

    reporting.report(names, format.value, results, output, figure)


@app.command()
def machine(json: Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")] = False) -> None:
    """Show this machine and the fingerprint that decides whether two results may be compared."""
    from dlbench import hardware

    hardware.show_machine(json)


@app.command()
def devices(json: Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")] = False) -> None:
    """Measure each device's peak speed and memory bandwidth, beside the lecture's hardware."""
    from dlbench import hardware

    hardware.show_devices(json)


@data_app.command("list")
def data_list() -> None:
    """List the data sets and whether they are on disk."""
    from dlbench import listing

    listing.show("datasets")


@data_app.command("get")
def data_get(
    names: Annotated[list[str], typer.Argument(metavar="NAME...", help="Data sets to download, e.g. cifar10.")],
) -> None:
    """Download data sets, checked against their published checksums."""
    from dlbench.data import sources

    for name in names:
        folder = sources.get(name.replace("-", "_"))
        typer.echo(f"{name}: {folder or 'computed, it has no files'}")


@data_app.command("path")
def data_path(
    name: Annotated[str | None, typer.Argument(help="A data set; the data folder itself if left out.")] = None,
) -> None:
    """Print where a data set lies."""
    from dlbench.data import sources

    typer.echo(sources.path(name.replace("-", "_")) if name else sources.data_folder())


def main() -> NoReturn:
    """Run a command; what the user can mend is one line on standard error and exit code 2."""
    try:
        app()
    except InputError as error:
        print(f"dlbench: {error}", file=sys.stderr)
        sys.exit(exits.USAGE)
    except KeyboardInterrupt:
        print("dlbench: interrupted", file=sys.stderr)
        sys.exit(exits.INTERRUPTED)
    sys.exit(exits.FINE)
