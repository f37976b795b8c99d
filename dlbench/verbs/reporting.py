"""The verb `report`: run files -> the tables, claims and figures that a study or recipe shows."""

from __future__ import annotations

import importlib
import shutil
import sys
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dlbench import studies
from dlbench.errors import InputError
from dlbench.records import store
from dlbench.records.groups import Runs
from dlbench.report import usual
from dlbench.report.table import Table
from dlbench.spec import catalog, recipe, study
from dlbench.spec.study import Study

if TYPE_CHECKING:
    import pandas as pd

    from dlbench.judge.claims import Verdict

FORMATS = {".md": "markdown", ".csv": "csv", ".tex": "latex", ".json": "json"}
PICTURES = (".png", ".svg", ".pdf")


def report(names: Sequence[str], format: str, results: Path, output: Path | None, figure: Path | None) -> None:
    """Print, or write to `output`, what the names show; draw the figure of the one study among them to `figure`.

    format: by the ending of `output`, or as for a terminal, if it is empty. A course that goes to a Markdown file
    brings the figures of its studies, in a folder beside it.
    """
    runs = read(results, names)
    format = format or (FORMATS.get(output.suffix, "terminal") if output else "terminal")
    courses = [name for name in names if len(_studies(name)) > 1]
    if output is not None and format == "markdown" and courses == list(names):
        shown = "\n".join(_course(name, runs, output) for name in names)
    else:
        shown = text(tables(names, runs), format, output)
    if figure is not None:
        draw(names, runs, figure)
    deliver(shown, output)


def read(results: Path, names: Sequence[str] = (), paths: Sequence[Path] | None = None) -> Runs:
    """The runs under a results folder, or in these files of it; says on standard error what was wrong with any.

    names: of recipes and studies that will be shown, whose published figures, and their source, are taken from the
    recipes as they are now: one may have been mended. Recipes that cannot be read any more keep what they came with.
    """
    frame = store.load(results, paths)
    for warning in frame.attrs["warnings"]:
        print(f"dlbench: {warning}", file=sys.stderr)
    if frame.empty:
        return Runs(frame)
    return Runs(_as_published(frame, names), lambda: store.curves(results, map(Path, frame["path"])))


def tables(names: Sequence[str], runs: Runs) -> list[Table]:
    """The tables that the names show: a study names its own, and has one of its claims; a recipe gets the general one.

    Of a course one table of all claims comes first, and studies without runs are left out.
    """
    catalog.check_names(map(catalog.find, names))
    shown: list[Table] = []
    for name in dict.fromkeys(names):
        compared = _studies(name)
        found = [table for one in compared for table in studies.tables(one, runs)] or _of_recipe(name, runs)
        if not found:
            raise InputError(f"{name}: no runs of it in the results folder; `dlbench run {name}` makes them")
        claims = _claims(compared, runs)
        shown += [*claims, *found] if len(compared) > 1 else [*found, *claims]
    return shown


def text(shown: Sequence[Table], format: str, output: Path | None = None) -> str:
    """The tables in one of the formats of `dlbench/report/`; with colours where they go to a terminal, not a file."""
    render = getattr(importlib.import_module(f"dlbench.report.formats.{format}"), format)
    if format != "terminal":
        return str(render(shown))
    colour = output is None and sys.stdout.isatty()
    encoding = sys.stdout.encoding if output is None else "utf-8"
    width = shutil.get_terminal_size((100, 24)).columns
    return str(render(shown, width=width, colour=colour, encoding=encoding or "utf-8"))


def draw(names: Sequence[str], runs: Runs, path: Path) -> None:
    """Draw the figure of the study among the names; the file's ending is the format."""
    if path.suffix not in PICTURES:
        raise InputError(f"--figure {path}: the name should end in .png, .svg or .pdf")
    found = [each for name in names for each in _studies(name) if studies.has_figure(each)]
    if len(found) != 1:
        raise InputError(f"--figure: name one study that has a figure; of {', '.join(names)}, {len(found)} have one")
    try:
        studies.figure(found[0], runs).savefig(path)
    except OSError as error:
        raise InputError(f"--figure {path}: cannot be written ({error.strerror})") from None


def deliver(content: str, output: Path | None) -> None:
    """Print it, or write it to the file."""
    if output is None:
        print(content, end="" if content.endswith("\n") else "\n")
        return
    try:
        output.write_text(content, encoding="utf-8")
    except OSError as error:
        raise InputError(f"-o {output}: cannot be written ({error.strerror})") from None


def verdicts(chosen: Sequence[Study], runs: Runs) -> list[Verdict]:
    """The verdicts on all claims of the studies."""
    from dlbench.judge import claims

    return [verdict for one in chosen for verdict in claims.verdicts(one, runs)]


def _studies(name: str) -> list[Study]:
    """What the name of a study stands for, a course for several; nothing for a recipe."""
    return study.course(name) if catalog.is_study(catalog.find(name)) else []


def _as_published(runs: pd.DataFrame, names: Sequence[str]) -> pd.DataFrame:
    now: dict[str, dict[str, Any]] = {}
    for reference in _references(names):
        with suppress(InputError):
            found = recipe.load(reference, "full")
            now[found.name] = {"published": found.published, "source": found.source}
    pairs = zip(runs["recipe"], runs["recipe_json"], strict=True)
    resolved = [{**whole, **now.get(name, {})} for name, whole in pairs]
    return runs.assign(published=[whole["published"] for whole in resolved], recipe_json=resolved)


def _references(names: Sequence[str]) -> Iterator[str]:
    """The recipes that are meant, by their names or paths."""
    for name in names:
        compared = _studies(name)
        yield from (reference for one in compared for reference in one.recipes) if compared else [name]


def _of_recipe(name: str, runs: Runs) -> list[Table]:
    own = runs.of([catalog.find(name).name])
    return usual.tables(own) if len(own.frame) else []


def _claims(compared: Sequence[Study], runs: Runs) -> list[Table]:
    from dlbench.report.claims import claims

    found = verdicts(compared, runs)
    return claims(found) if found else []


def _course(name: str, runs: Runs, output: Path) -> str:
    """A document: the claims of all studies, then a chapter for each that has runs, with its figure."""
    compared = _studies(name)
    chapters = [chapter for one in compared if (chapter := _chapter(one, runs, output))]
    if not chapters:
        raise InputError(f"{name}: no runs of it in the results folder; `dlbench run {name}` makes them")
    opening = [f"# {study.load(name).title}", text(_claims(compared, runs), "markdown")]
    return "\n\n".join([*opening, *chapters])


def _chapter(found: Study, runs: Runs, output: Path) -> str:
    shown = studies.tables(found, runs)
    if not shown:
        return ""
    parts = [f"## {found.title}", found.source]
    if studies.has_figure(found):
        folder = output.with_name(f"{output.stem}-figures")
        try:
            folder.mkdir(parents=True, exist_ok=True)
            studies.figure(found, runs).savefig(folder / f"{found.name}.png")
        except OSError as error:
            raise InputError(f"-o {output}: {folder} cannot be written ({error.strerror})") from None
        parts.append(f"![{found.title}]({folder.name}/{found.name}.png)")
    return "\n\n".join([*filter(None, parts), text(shown, "markdown")])
