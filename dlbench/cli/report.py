"""The verb `report`: run files -> the tables, claims and figures that a study or recipe shows."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from dlbench import streams, studies
from dlbench.cli.options import Names, Notes, Results, TablesName
from dlbench.errors import InputError
from dlbench.reading import near
from dlbench.records import store
from dlbench.report import panels
from dlbench.report.formats import brief, by_ending, deliver, text
from dlbench.spec import catalog, recipe, study
from dlbench.spec.study import Study

if TYPE_CHECKING:
    By = str
    import pandas as pd

    from dlbench.judge.claims import Verdict
    from dlbench.records.groups import Runs
    from dlbench.report.document import Chapter, Document
    from dlbench.report.table import Table
else:
    By = Literal[*panels.AXES, *panels.COSTS]

PICTURES = (".png", ".svg", ".pdf", ".html")


def report(
    names: Names,
    format: Annotated[
        TablesName | None, typer.Option("--format", help="How to write the tables; by the ending of -o if left out.")
    ] = None,
    results: Results = Path("results"),
    output: Annotated[
        Path | None, typer.Option("-o", "--output", help="Write to this file instead of the terminal.")
    ] = None,
    figure: Annotated[
        Path | None,
        typer.Option(help="Draw the study's figure, or all these recipes in one, to this .png, .svg, .pdf or .html."),
    ] = None,
    metric: Annotated[str, typer.Option(help="What the figure shows, such as train_error_percent.")] = "",
    by: Annotated[
        By | None,
        typer.Option(help="What its curves go by: step, examples, seconds; or what results stand against: the others."),
    ] = None,
    notes: Notes = False,
) -> None:
    """Print the tables of recipes and studies from run files, and what they say of the studies' claims.

    `report lecture -o lecture.html` writes a page for the browser, which opens offline, and `-o lecture.md` a document
    with its figures beside it.
    """
    if figure is None and (metric or by):
        raise InputError("--metric and --by say what --figure draws: name a file for it as well")
    runs = read(results, names)
    shown = _written(names, runs, format or by_ending(output), output, notes)
    if figure is not None:
        draw(names, runs, figure, metric, by or "")
    deliver(shown, output)


def _written(names: Sequence[str], runs: Runs, format: str, output: Path | None, notes: bool) -> str:
    """What is asked for, as text: a page, in Markdown a document of each course, else tables."""
    if format == "html":
        return text("document", document(names, runs), format, output)
    if format == "markdown" and output is not None and all(len(_studies(name)) > 1 for name in names):
        return "\n".join(text("document", document([name], runs), format, output) for name in names)
    return text("tables", brief(tables(names, runs), notes), format, output)


def read(results: Path, names: Sequence[str] = (), paths: Sequence[Path] | None = None) -> Runs:
    """The runs under a results folder, or in these files of it; says on standard error what was wrong with any.

    names: of recipes and studies that will be shown, whose published figures, and their source, are taken from the
    recipes as they are now: one may have been mended. Recipes that cannot be read any more keep what they came with.
    """
    from dlbench.records.groups import Runs

    frame = store.load(results, paths)
    streams.warn(frame.attrs["warnings"])
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
            raise InputError(_nothing([name]))
        claims = _claims(compared, runs)
        shown += [*claims, *found] if len(compared) > 1 else [*found, *claims]
    return shown


def document(names: Sequence[str], runs: Runs) -> Document:
    """The names as a document: a chapter for each study, and one for all recipes among them."""
    from dlbench.report.document import Document

    compared = _compared(names)
    chapters = [chapter for name, one in compared if (chapter := _chapter(name, one, runs))]
    chapters += _chapter_of_recipes(
        [name for name in dict.fromkeys(names) if not catalog.is_study(catalog.find(name))], runs
    )
    if not chapters:
        raise InputError(_nothing(names))
    opening = study.load(names[0]) if len(names) == 1 and compared else None
    title, source = (opening.title, opening.source) if opening else (", ".join(names), "")
    return Document(title, source, verdicts([one for _, one in compared], runs), chapters)


def draw(names: Sequence[str], runs: Runs, path: Path, metric: str = "", by: str = "") -> None:
    """Draw what `pictured` says. The file's ending is the format."""
    from dlbench.report.document import Document

    if path.suffix not in PICTURES:
        raise InputError(f"--figure {path}: the name should end in .png, .svg, .pdf or .html")
    chapter = pictured(names, runs, metric, by)
    if path.suffix == ".html":
        shown = Document(chapter.title, chapter.source, chapters=[dataclasses.replace(chapter, tables=())])
        deliver(text("document", shown, "html", path), path)
        return
    assert chapter.draw
    try:
        chapter.draw().savefig(path)
    except OSError as error:
        raise InputError(f"--figure {path}: cannot be written ({error.strerror})") from None


def pictured(names: Sequence[str], runs: Runs, metric: str = "", by: str = "") -> Chapter:
    """A chapter that draws the study among the names, or if there is none, or with a metric or `by`, all recipes."""
    compared = [(name, one) for name, one in _compared(names) if studies.has_figure(one)]
    if len(compared) > 1 and not (metric or by):
        raise InputError(f"--figure: name one study; of {', '.join(names)}, {len(compared)} have a figure of their own")
    own = None if metric or by or not compared else _chapter(*compared[0], runs)
    return own or _of_all_recipes(names, runs, metric, by)


def _of_all_recipes(names: Sequence[str], runs: Runs, metric: str, by: str) -> Chapter:
    """All recipes that are meant side by side, in the usual figure."""
    from dlbench.report import usual
    from dlbench.report.document import Chapter

    own = runs.of([catalog.name(reference) for reference in _references(names)]).of_one_kind()
    known = [name for name in usual.metrics(own.frame) if any(group.values(name) for group in own.groups)]
    if metric and metric not in known:
        raise InputError(f"--metric {metric}: no such metric of {', '.join(names)}{near(metric, known)}")
    make = functools.partial(usual.figure, own, metric, by or "step")
    return Chapter(", ".join(names), names=names, runs=own, draw=make, is_usual=True, metric=metric, by=by)


def verdicts(chosen: Sequence[Study], runs: Runs) -> list[Verdict]:
    """The verdicts on all claims of the studies."""
    from dlbench.judge import claims

    return [verdict for one in chosen for verdict in claims.verdicts(one, runs)]


def _studies(name: str) -> list[Study]:
    """What the name of a study stands for, a course for several; nothing for a recipe."""
    return study.course(name) if catalog.is_study(catalog.find(name)) else []


def _compared(names: Sequence[str]) -> list[tuple[str, Study]]:
    """All studies among the names, those of courses as well, each once and with what it is called by."""
    called: dict[str, tuple[str, Study]] = {}
    for name in names:
        course = _studies(name)
        called |= {one.name: (one.name if len(course) > 1 else name, one) for one in course}
    return list(called.values())


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
    from dlbench.report import usual

    own = runs.of([catalog.find(name).name])
    return usual.tables(own) if len(own.frame) else []


def _claims(compared: Sequence[Study], runs: Runs) -> list[Table]:
    from dlbench.report.claims import claims

    found = verdicts(compared, runs)
    return claims(found) if found else []


def _nothing(names: Sequence[str]) -> str:
    """What is said where nothing of these has run."""
    return f"{', '.join(names)}: no runs of it in the results folder; `dlbench run {' '.join(names)}` makes them"


def _chapter(name: str, found: Study, runs: Runs) -> Chapter | None:
    """What a study, called by that name, has to show; None without runs."""
    from dlbench.report.document import Chapter

    shown = studies.tables(found, runs)
    if not shown:
        return None
    draw = functools.partial(studies.figure, found, runs) if studies.has_figure(found) else None
    own = studies.drawn(found, runs)
    return Chapter(
        found.title, found.name, [name], found.question, found.source, shown, own, draw, is_usual=not found.shows
    )


def _chapter_of_recipes(names: Sequence[str], runs: Runs) -> list[Chapter]:
    """One chapter for all of them; none without runs."""
    from dlbench.report.document import Chapter

    tables = [table for name in names for table in _of_recipe(name, runs)]
    own = runs.of([catalog.find(name).name for name in names])
    return [Chapter(", ".join(names), names=names, tables=tables, runs=own.of_one_kind())] if tables else []
