"""The verb `list`: what there is to run, build on, and compute with. Loads no pandas, torch only for devices."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path

from dlbench import reading, shelf

Row = Sequence[str]


def show(what: str) -> None:
    """Print recipes, studies, models, datasets or devices; recipes and studies for an empty name."""
    if what in ("", "recipes"):
        _print("recipe", "what it is", "source", rows=_recipes())
    if what in ("", "studies"):
        _print("study", "what it shows", "recipes", rows=_studies())
    if what == "models":
        _print("model", "what it is", rows=_models())
    if what == "datasets":
        _print("data set", "what it holds", "MB", "on disk (unverified)", rows=_datasets())
    if what == "devices":
        from dlbench.measure import machine

        _print("device", "what it is", rows=[(d["device"], d["name"]) for d in machine.devices()])


def _recipes() -> Iterable[Row]:
    """Name, title and source, each from its line alone: to read and check all recipes takes several times as long."""
    heads = {name: _head(path, ("title:", "source:", "extends:")) for name, path in shelf.recipes().items()}
    for name, head in heads.items():
        title = head["title"]
        while "source" not in head and "extends" in head:
            head = heads[head["extends"]]
        yield name, title, head.get("source", "")


def _head(path: Path, keys: tuple[str, ...]) -> dict[str, str]:
    lines = [line for line in path.read_text("utf-8").splitlines() if line.startswith(keys)]
    return dict(reading.parse("\n".join(lines), str(path)))


def _studies() -> Iterable[Row]:
    """Name, title and recipes, read from what stands before the claims."""
    for name, path in shelf.studies().items():
        head = reading.parse(path.read_text("utf-8").partition("\nclaims:")[0], str(path))
        yield name, head["title"], ", ".join(head.get("recipes") or head["studies"])


def _models() -> Iterable[Row]:
    """The first line of each architecture's docstring, read without importing torch."""
    for name in shelf.functions("models"):
        text = (Path(__file__).parents[1] / "models" / f"{name}.py").read_text("utf-8")
        yield name, (ast.get_docstring(ast.parse(text)) or "").partition("\n")[0]


def _datasets() -> Iterable[Row]:
    """Found by the names of their files: reading them all takes seconds; `dlbench doctor` and each run verify them."""
    from dlbench.data import sources

    for name, source in sources.DATASETS.items():
        found = sources.located(name, sources.data_folder())
        place = "needs no download" if source.is_made else str(found or f"no: dlbench data get {name}")
        yield name, source.what, f"{source.megabytes:g}" if source.megabytes else "", place


def _print(*headings: str, rows: Iterable[Row]) -> None:
    """A table that fits the terminal; when piped, one full line a row."""
    if not sys.stdout.isatty():
        for row in rows:
            print("\t".join(row))
        return
    from rich.console import Console
    from rich.table import Table

    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for index, heading in enumerate(headings):
        table.add_column(heading, no_wrap=index == 0, overflow="fold")
    for row in rows:
        table.add_row(*row)
    console = Console()
    console.print(table)
    console.print()
