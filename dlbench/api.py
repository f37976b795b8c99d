"""What a notebook uses. Functions take what the commands of their names take, and show what those print."""

from __future__ import annotations

import inspect
import io
from collections.abc import Sequence
from dataclasses import dataclass, replace
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from dlbench import exits
from dlbench.cli import calling

if TYPE_CHECKING:
    import pandas as pd

    from dlbench.records.groups import Group

PRINTED: Final = ("as_json", "notes")  # options of `dlbench run` on what it prints in the end, which is no frame
FIRST: Final = ("recipe", "budget", "seed", "status")
SPEED: Final = ("training_seconds", "examples_per_second")
LAST: Final = ("started", "torch", "machine", "parameters", "steps", "precision", "threads", "device")
WIDTH: Final = 100  # letters of a line of plain text


@dataclass(frozen=True, repr=False)
class Output:
    """What a cell shows: a page's tables, claims or figure in a notebook, and plain text elsewhere.

    value: what it is made of, to go on with: tables, each with its `frame`, verdicts, or a figure that can `savefig`.
    """

    text: str
    html: str
    value: Any = None

    def __repr__(self) -> str:
        return self.text.rstrip("\n")

    def _repr_html_(self) -> str:
        return self.html


def run(*names: str, **options: Any) -> pd.DataFrame:
    """Run recipes or studies and return a row for each of their runs, including those that existed before.

    Takes the options of `dlbench run`; where that takes several values, a list: `seeds=[0, 1, 2]` or `seeds="0-2"`,
    `settings=["training.lr=0.05"]`. Raises dlbench.errors.InputError for what the user can mend. Interrupt the kernel
    to stop: trials end in order, what is finished is kept, and the same call goes on.
    """
    from dlbench.cli import export, run
    from dlbench.records import store

    given = calling.arguments("run", names, options)
    exports = {name.removeprefix("export_"): given.pop(name) for name in [*given] if name.startswith("export_")}
    export.check(exports)
    paths, code = run.train(**{name: value for name, value in given.items() if name not in PRINTED})
    export.after_run(paths, exports)
    if code == exits.INTERRUPTED:
        raise KeyboardInterrupt
    return _readable(store.load(given["out"], paths))


run.__signature__ = calling.signature("run", PRINTED, "pd.DataFrame")  # type: ignore[attr-defined]
run.__doc__ = f"{inspect.cleandoc(run.__doc__ or '')}\n\n{calling.helps('run', PRINTED)}"


def load(folder: str | Path = "results") -> pd.DataFrame:
    """One row for each run under a folder or in a pack; see `dlbench.records.store.load` for the columns."""
    from dlbench.records import store

    return _readable(store.load(Path(folder)))


def groups(runs: pd.DataFrame) -> list[Group]:
    """The finished runs in groups that differ in their seed alone, as tables have them: only these may be averaged.

    Each has `variant`, which sets it apart from others of its recipe, `measure(metric)`, and its `runs`.
    """
    from dlbench.records import groups

    return groups.groups(runs)


def tables(*names: str, results: str | Path = "results", notes: bool = False) -> Output:
    """The tables of recipes and studies, as `dlbench report` prints them. notes: all of them, in the text as well."""
    from dlbench.cli import report
    from dlbench.report.document import Chapter

    made = report.tables(names, report.read(Path(results), names))
    return Output(_text(made, notes), _html(chapters=[Chapter("", tables=made)]), made)


def figure(*names: str, metric: str = "", by: str = "", results: str | Path = "results") -> Output:
    """The figure of a study, or of recipes side by side, as `dlbench report --figure` draws it."""
    from dlbench.cli import report
    from dlbench.report.formats import html

    chapter = report.pictured(names, report.read(Path(results), names), metric, by)
    assert chapter.draw
    drawn = chapter.draw()
    chapter = replace(chapter, draw=lambda: drawn, is_usual=False, tables=())
    return Output(html.picture(chapter)["words"], _html(chapters=[chapter]), drawn)


def claims(*names: str, results: str | Path = "results", notes: bool = False) -> Output:
    """What studies claim, those of the lecture if none is named, and whether the runs bear it out: `dlbench claims`."""
    from dlbench.cli import claims
    from dlbench.report import claims as report

    verdicts = claims.verdicts(names or [claims.LECTURE], Path(results))
    return Output(_text(report.claims(verdicts), notes), _html(verdicts=verdicts), verdicts)


def show(name: str, settings: Sequence[str] = ()) -> Output:
    """A recipe's architecture card, or what a study compares: `dlbench show`."""
    from rich.console import Console

    from dlbench.cli import show

    text = io.StringIO()
    show.card(name, settings, Console(file=text, width=WIDTH, force_terminal=False, force_jupyter=False))
    return Output(text.getvalue(), f'<pre style="font-family: monospace">{escape(text.getvalue())}</pre>')


def _text(tables: Sequence[Any], notes: bool) -> str:
    from dlbench.report import formats
    from dlbench.report.formats import terminal

    return terminal.page(formats.brief(tables, notes), width=WIDTH)


def _html(**parts: Any) -> str:
    from dlbench.report.document import Document
    from dlbench.report.formats import html

    return html.cell(Document("", **parts))


def _readable(runs: pd.DataFrame) -> pd.DataFrame:
    """The same, first the columns that a reader wants first: what ran, how well and how fast; last where."""
    from dlbench.report import usual

    scores = [name for name in usual.metrics(runs) if name not in (*SPEED, *LAST)]
    wanted = [name for name in (*FIRST, *scores[:1], *SPEED, *scores[1:]) if name in runs]
    last = [name for name in LAST if name in runs]
    return runs[[*wanted, *(name for name in runs if name not in (*wanted, *last)), *last]]
