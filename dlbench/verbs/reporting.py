"""The verb `report`: run files -> the tables and the figure that a study or recipe shows."""

from __future__ import annotations

import importlib
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from dlbench import shelf, store, study
from dlbench.errors import InputError
from dlbench.tables.table import Table

if TYPE_CHECKING:
    import pandas as pd


def report(names: Sequence[str], format: str, results: Path, output: Path | None, figure: Path | None) -> None:
    """Print, or write to `output`, the tables of the names; draw the figure of the one study among them to `figure`."""
    runs = store.load(results)
    for warning in runs.attrs["warnings"]:
        print(f"dlbench: {warning}", file=sys.stderr)
    shown = text(tables(names, runs), format)
    if figure is not None:
        draw(names, runs, store.curves(results), figure)
    if output is None:
        print(shown, end="" if shown.endswith("\n") else "\n")
    else:
        _write(output, shown)


def tables(names: Sequence[str], runs: pd.DataFrame) -> list[Table]:
    """The tables that the names show: a study names its own, a recipe gets the general one."""
    shown: list[Table] = []
    for name in names:
        comparison = _study(name)
        recipes = [Path(r).stem for r in comparison.recipes] if comparison else [Path(name).stem]
        chosen = runs[runs["recipe"].isin(recipes)]
        if chosen.empty:
            raise InputError(f"{name}: no runs of it in the results folder; `dlbench run {name}` makes them")
        for table in comparison.tables if comparison else ["results"]:
            shown += getattr(importlib.import_module(f"dlbench.tables.{table}"), table)(chosen)
    return shown


def text(shown: Sequence[Table], format: str) -> str:
    """The tables in one of the formats of `dlbench/report/`."""
    render = getattr(importlib.import_module(f"dlbench.report.{format}"), format)
    if format != "terminal":
        return str(render(shown))
    return str(render(shown, width=shutil.get_terminal_size((100, 24)).columns, colour=sys.stdout.isatty()))


def draw(names: Sequence[str], runs: pd.DataFrame, curves: pd.DataFrame, path: Path) -> None:
    """Draw the figure of the study among the names; the file's ending is the format."""
    if path.suffix not in (".png", ".svg", ".pdf"):
        raise InputError(f"--figure {path}: the name should end in .png, .svg or .pdf")
    figures = [(s, s.figure) for name in names if (s := _study(name)) and s.figure]
    if len(figures) != 1:
        raise InputError(f"--figure: name one study that has a figure; of {', '.join(names)}, {len(figures)} have one")
    comparison, name = figures[0]
    recipes = [Path(r).stem for r in comparison.recipes]
    function = getattr(importlib.import_module(f"dlbench.report.figures.{name}"), name)
    picture = function(runs[runs["recipe"].isin(recipes)], curves[curves["recipe"].isin(recipes)])
    try:
        picture.savefig(path)
    except OSError as error:
        raise InputError(f"--figure {path}: cannot be written ({error.strerror})") from None


def _study(name: str) -> study.Study | None:
    return study.load(name) if shelf.is_study(shelf.find(name)) else None


def _write(path: Path, content: str) -> None:
    try:
        path.write_text(content, encoding="utf-8")
    except OSError as error:
        raise InputError(f"-o {path}: cannot be written ({error.strerror})") from None
