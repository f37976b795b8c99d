"""The verb `report`: run files -> the tables, claims and figures that a study or recipe shows."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from dlbench.cli.options import Format, Names, Results
from dlbench.errors import InputError
from dlbench.records import store
from dlbench.report.formats import deliver, text
from dlbench.spec import catalog, recipe, study
from dlbench.spec.study import Study

if TYPE_CHECKING:
    import pandas as pd

    from dlbench.judge.claims import Verdict
    from dlbench.report.table import Table

FORMATS = {".md": "markdown", ".csv": "csv", ".tex": "latex", ".json": "json"}
PICTURES = (".png", ".svg", ".pdf")


@dataclass(frozen=True)
class Frames:
    """Runs, and the curves of the same run files, which are read only where somebody looks at them."""

    runs: pd.DataFrame
    curves: Callable[[], pd.DataFrame]


def report(
    names: Names,
    format: Annotated[
        Format | None, typer.Option("--format", help="How to write the tables; by the ending of -o if left out.")
    ] = None,
    results: Results = Path("results"),
    output: Annotated[
        Path | None, typer.Option("-o", "--output", help="Write to this file instead of the terminal.")
    ] = None,
    figure: Annotated[Path | None, typer.Option(help="Draw the study's figure to this .png, .svg or .pdf.")] = None,
) -> None:
    """Print the tables of recipes and studies from run files, and what they say of the studies' claims.

    `report lecture -o lecture.md` writes a document of all studies with their figures beside it.
    """
    frames = read(results)
    written = format or (FORMATS.get(output.suffix, "terminal") if output else "terminal")
    courses = [name for name in names if len(_studies(name)) > 1]
    if output is not None and written == "markdown" and courses == list(names):
        shown = "\n".join(_course(name, frames, output) for name in names)
    else:
        shown = text(tables(names, frames), written, output)
    if figure is not None:
        draw(names, frames, figure)
    deliver(shown, output)


def read(results: Path, paths: Sequence[Path] | None = None) -> Frames:
    """The runs under a results folder, or in these files of it; says on standard error what was wrong with any."""
    runs = store.load(results, paths)
    for warning in runs.attrs["warnings"]:
        print(f"dlbench: {warning}", file=sys.stderr)
    return Frames(runs, lambda: store.curves(results, map(Path, runs["path"]) if len(runs) else []))


def tables(names: Sequence[str], frames: Frames) -> list[Table]:
    """The tables that the names show: a study names its own, and has one of its claims; a recipe gets the general one.

    Of a course one table of all claims comes first, and studies without runs are left out.
    """
    catalog.check_names(map(catalog.find, names))
    shown: list[Table] = []
    for name in dict.fromkeys(names):
        studies = _studies(name)
        found = [table for each in studies for table in _tables(each, frames)] if studies else _of_recipe(name, frames)
        if not found:
            raise InputError(f"{name}: no runs of it in the results folder; `dlbench run {name}` makes them")
        claims = _claims(studies, frames)
        shown += [*claims, *found] if len(studies) > 1 else [*found, *claims]
    return shown


def draw(names: Sequence[str], frames: Frames, path: Path) -> None:
    """Draw the figure of the study among the names; the file's ending is the format."""
    if path.suffix not in PICTURES:
        raise InputError(f"--figure {path}: the name should end in .png, .svg or .pdf")
    found = [each for name in names for each in _studies(name) if each.figure]
    if len(found) != 1:
        raise InputError(f"--figure: name one study that has a figure; of {', '.join(names)}, {len(found)} have one")
    try:
        _draw(found[0], frames, path)
    except OSError as error:
        raise InputError(f"--figure {path}: cannot be written ({error.strerror})") from None


def verdicts(studies: Sequence[Study], frames: Frames) -> list[Verdict]:
    """The verdicts on all claims of the studies."""
    from dlbench.judge import claims

    chosen = [each for each in studies if each.claims]
    on_the_way = any(claim.is_of_curves for each in chosen for claim in each.claims)
    curves = frames.curves() if on_the_way else frames.runs.iloc[:0]  # to read all curves takes as long as all else
    return [verdict for each in chosen for verdict in claims.verdicts(each, frames.runs, curves)]


def _studies(name: str) -> list[Study]:
    """What the name of a study stands for, a course for several; nothing for a recipe."""
    return study.course(name) if catalog.is_study(catalog.find(name)) else []


def _runs(found: Study, frame: pd.DataFrame) -> pd.DataFrame:
    names = [catalog.name(reference) for reference in found.recipes]
    return _as_published(frame[frame["recipe"].isin(names)], found.recipes) if len(frame) else frame


def _as_published(runs: pd.DataFrame, references: Sequence[str]) -> pd.DataFrame:
    """The runs with the published figures, and their source, that their recipe names now: one may have been mended.

    references: the recipes' names or paths. Runs whose recipe cannot be read any more keep what they came with.
    """
    now: dict[str, dict[str, Any]] = {}
    for reference in references:
        with suppress(InputError):
            found = recipe.load(reference, "full")
            now[found.name] = {"published": found.published, "source": found.source}
    names = zip(runs["recipe"], runs["recipe_json"], strict=True)
    resolved = [{**whole, **now.get(name, {})} for name, whole in names]
    return runs.assign(published=[whole["published"] for whole in resolved], recipe_json=resolved)


def _tables(found: Study, frames: Frames) -> Iterator[Table]:
    chosen = _runs(found, frames.runs)
    for name in found.tables if len(chosen) else ():
        yield from getattr(importlib.import_module(f"dlbench.studies.{name}"), name)(chosen)


def _of_recipe(name: str, frames: Frames) -> list[Table]:
    from dlbench.studies.results import results

    chosen = frames.runs[frames.runs["recipe"] == catalog.find(name).name]
    return results(_as_published(chosen, [name])) if len(chosen) else []


def _claims(studies: Sequence[Study], frames: Frames) -> list[Table]:
    from dlbench.report.claims import claims

    found = verdicts(studies, frames)
    return claims(found) if found else []


def _draw(found: Study, frames: Frames, path: Path) -> None:
    from dlbench.records.groups import of_one_block

    function = getattr(importlib.import_module(f"dlbench.studies.figures.{found.figure}"), found.figure)
    curves = frames.curves()
    own = curves[curves["recipe"].isin([catalog.name(each) for each in found.recipes])] if len(curves) else curves
    function(of_one_block(_runs(found, frames.runs)), own).savefig(path)


def _course(name: str, frames: Frames, output: Path) -> str:
    """A document: the claims of all studies, then a chapter for each that has runs, with its figure."""
    studies = _studies(name)
    chapters = [chapter for each in studies if (chapter := _chapter(each, frames, output))]
    if not chapters:
        raise InputError(f"{name}: no runs of it in the results folder; `dlbench run {name}` makes them")
    opening = [f"# {study.load(name).title}", text(_claims(studies, frames), "markdown")]
    return "\n\n".join([*opening, *chapters])


def _chapter(found: Study, frames: Frames, output: Path) -> str:
    shown = list(_tables(found, frames))
    if not shown:
        return ""
    parts = [f"## {found.title}", found.source]
    if found.figure:
        folder = output.with_name(f"{output.stem}-figures")
        try:
            folder.mkdir(parents=True, exist_ok=True)
            _draw(found, frames, folder / f"{found.name}.png")
        except OSError as error:
            raise InputError(f"-o {output}: {folder} cannot be written ({error.strerror})") from None
        parts.append(f"![{found.title}]({folder.name}/{found.name}.png)")
    return "\n\n".join([*filter(None, parts), text(shown, "markdown")])
