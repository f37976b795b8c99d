"""The verb `data`: what is on disk, and getting what is not."""

from __future__ import annotations

from typing import Annotated

import typer

from dlbench.data import sources

app = typer.Typer(help="Data sets: what is on disk, and getting what is not.", no_args_is_help=True)


@app.command("list")
def list_() -> None:
    """List the data sets and whether they are on disk."""
    from dlbench.cli.list import show

    show("datasets")


@app.command()
def get(
    names: Annotated[list[str], typer.Argument(metavar="NAME...", help="Data sets to download, e.g. cifar10.")],
) -> None:
    """Download data sets, checked against their published checksums."""
    from dlbench.data import fetching

    for name in names:
        folder = fetching.get(name.replace("-", "_"))
        typer.echo(f"{name}: {folder or 'computed, it has no files'}")


@app.command()
def path(
    name: Annotated[str | None, typer.Argument(help="A data set; the data folder itself if left out.")] = None,
) -> None:
    """Print where a data set lies."""
    typer.echo(sources.path(name.replace("-", "_")) if name else sources.data_folder())
