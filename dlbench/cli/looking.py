"""Verbs that measure nothing: on the shelves, recipes, results, data sets and the machine."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer

from dlbench.cli.options import Format, Names, Setting


def list_(context: typer.Context) -> None:
    """List what there is: recipes by study if WHAT is left out, and five for a first hour on top."""
    if context.invoked_subcommand is None:
        lister("")()


def lister(shelf: str) -> Callable[[], None]:
    """The command that lists one shelf."""

    def list_shelf() -> None:
        from dlbench.verbs import listing

        listing.show(shelf)

    return list_shelf


def show(
    name: Annotated[str, typer.Argument(help="A recipe, a study, or a YAML file of your own.")],
    settings: Setting = None,
) -> None:
    """Show a recipe's architecture card, or what a study compares, before anything is trained."""
    from dlbench.verbs import card

    card.show(name, settings or [])


def report(
    names: Names,
    format: Annotated[
        Format | None, typer.Option("--format", help="How to write the tables; by the ending of -o if left out.")
    ] = None,
    results: Annotated[Path, typer.Option(help="Folder of run files, or a pack.")] = Path("results"),
    output: Annotated[
        Path | None, typer.Option("-o", "--output", help="Write to this file instead of the terminal.")
    ] = None,
    figure: Annotated[Path | None, typer.Option(help="Draw the study's figure to this .png, .svg or .pdf.")] = None,
) -> None:
    """Print the tables of recipes and studies from run files, and what they say of the studies' claims.

    `report lecture -o lecture.md` writes a document of all studies with their figures beside it.
    """
    from dlbench.verbs import reporting

    reporting.report(names, format.value if format else "", results, output, figure)


def claims(
    names: Annotated[
        list[str] | None, typer.Argument(metavar="[STUDY...]", help="Studies; those of the lecture if left out.")
    ] = None,
    format: Annotated[Format, typer.Option("--format", help="How to write the table.")] = Format.terminal,
    results: Annotated[Path, typer.Option(help="Folder of run files, or a pack.")] = Path("results"),
    output: Annotated[Path | None, typer.Option("-o", "--output", help="Write to this file.")] = None,
) -> None:
    """Print what studies claim, published beside measured, and whether the runs bear it out.

    Exit codes: 0 fine, 1 a claim refuted, 2 something to mend in the call, 4 every claim untested, 70 a bug of
    dlbench.
    """
    from dlbench.verbs import claiming

    raise typer.Exit(claiming.claims(names or [], results, format.value, output))


def machine(json: Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")] = False) -> None:
    """Show this machine and the fingerprint that decides whether two results may be compared."""
    from dlbench.verbs import hardware

    hardware.show_machine(json)


def devices(json: Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")] = False) -> None:
    """Measure each device's peak speed and memory bandwidth, beside the lecture's hardware."""
    from dlbench.verbs import hardware

    hardware.show_devices(json)


def doctor(
    results: Annotated[Path, typer.Option(help="Folder of run files to look at, or a pack.")] = Path("results"),
    json: Annotated[bool, typer.Option("--json", help="Print JSON instead of lines.")] = False,
) -> None:
    """Check the installation, devices, compiler, data and results, and say what to do.

    Exit codes: 0 fine, 2 a problem, 70 a bug of dlbench.
    """
    from dlbench.verbs import doctor as verb

    raise typer.Exit(verb.doctor(results, json))


def data_list() -> None:
    """List the data sets and whether they are on disk."""
    from dlbench.verbs import listing

    listing.show("datasets")


def data_get(
    names: Annotated[list[str], typer.Argument(metavar="NAME...", help="Data sets to download, e.g. cifar10.")],
) -> None:
    """Download data sets, checked against their published checksums."""
    from dlbench.data import fetching

    for name in names:
        folder = fetching.get(name.replace("-", "_"))
        typer.echo(f"{name}: {folder or 'computed, it has no files'}")


def data_path(
    name: Annotated[str | None, typer.Argument(help="A data set; the data folder itself if left out.")] = None,
) -> None:
    """Print where a data set lies."""
    from dlbench.data import sources

    typer.echo(sources.path(name.replace("-", "_")) if name else sources.data_folder())
