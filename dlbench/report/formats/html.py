"""A page for the browser: one file that opens offline and asks no server for anything.

Its template, style and script lie in `page/`; all text of a user's goes through Jinja, which escapes it. plotly.js and
what panels draw are compressed, else they would be most of the page: a browser unpacks them as they come into sight.
"""

from __future__ import annotations

import base64
import functools
import gzip
import io
import json
from collections import Counter
from collections.abc import Mapping, Sequence
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any, Final

from dlbench.errors import InputError
from dlbench.judge.claims import Verdict
from dlbench.report import claims, evidence, usual
from dlbench.report.cells import Linked, heading, is_numeric, one_line, parts, texts
from dlbench.report.changes import Comparison
from dlbench.report.document import Chapter, Document
from dlbench.report.panels import interactive
from dlbench.report.table import PUBLISHED, Table
from dlbench.stats.estimates import Estimate, Measure
from dlbench.version import __version__

if TYPE_CHECKING:
    from matplotlib.figure import Figure

ENDING: Final = ".html"
FOLDER: Final = Path(__file__).with_name("page")
LONG: Final = 8  # a table of more rows is folded in a document
MOST_METRICS: Final = 8  # that a panel offers


def tables(shown: Sequence[Table], output: Path | None = None) -> str:
    """A page of these tables."""
    return document(Document("Tables", chapters=[Chapter("Tables", tables=shown)]))


def comparison(shown: Comparison, output: Path | None = None) -> str:
    """A page of its table."""
    table = shown.table()
    return document(Document(table.title, chapters=[Chapter(table.title, tables=[table])]))


def document(shown: Document, output: Path | None = None) -> str:
    """The page: what it holds and how often what came out, then a section for each chapter."""
    sections = [_section(chapter, shown.verdicts) for chapter in shown.chapters]
    told = {verdict.study for section in sections for verdict in section["verdicts"]}
    return render(
        "page.html",
        has_plots=any(section["panel"] or section["trends"] for section in sections),
        scripted=True,
        document=shown,
        sections=sections,
        others=[verdict for verdict in shown.verdicts if verdict.study not in told],
        counts=_counts(shown.verdicts),
        choices=_choices(shown.verdicts),
        how=[*claims.HOW, claims.CHECKS] if shown.verdicts else [],
    )


def cell(shown: Document) -> str:
    """What a notebook shows of a document below a cell: its claims, figures and tables, and no script."""
    return render(
        "cell.html",
        has_plots=False,
        scripted=False,
        document=shown,
        chapters=[(chapter, picture(chapter) if chapter.draw else None) for chapter in shown.chapters],
        counts=_counts(shown.verdicts),
        how=[*claims.HOW, claims.CHECKS] if shown.verdicts else [],
    )


def render(name: str, *, has_plots: bool, **content: Any) -> str:
    """A page from a template in the folder, which may take in other files of the folder as they stand."""
    jinja2 = _needed("jinja2")
    loader = jinja2.FileSystemLoader(FOLDER)
    room = jinja2.Environment(loader=loader, autoescape=True, trim_blocks=True, lstrip_blocks=True)
    page: str = room.get_template(name).render(
        asset=_asset, plotly=_plotly() if has_plots else "", version=__version__,
        claims=claims, evidence=evidence, grid=grid, **content,
    )  # fmt: skip
    return page


def check(option: str) -> None:
    """Raise InputError, naming the option that needs it, where the extra is missing."""
    for name in ("jinja2", "plotly.offline"):
        _needed(name, option)


def grid(table: Table) -> dict[str, Any]:
    """A table as the template writes it: columns, and rows of (text, raw value to sort by, origin, source)."""
    names = [str(name) for name in table.frame.columns]
    numeric = [is_numeric(list(table.frame[name])) for name in names]
    cells = table.frame.itertuples(index=False, name=None)
    return {
        "columns": [{"heading": heading(name), "numeric": kind} for name, kind in zip(names, numeric, strict=True)],
        "rows": [
            [{"text": text, **_told(name, cell)} for text, name, cell in zip(line, names, row, strict=True)]
            for line, row in zip(texts(table), cells, strict=True)
        ],
        "is_long": len(table.frame) > LONG,
    }


def _told(name: str, cell: Any) -> dict[str, Any]:
    """What a cell is sorted by, and where it comes from; whole numbers are counts, which are neither."""
    raw = parts("", cell)
    is_measured = isinstance(cell, Measure | Estimate | float)
    origin = "quoted" if name.startswith(PUBLISHED) else "measured" if is_measured else ""
    url = cell.url if isinstance(cell, Linked) else ""
    origin = origin if raw[""] is not None else ""
    return {"raw": raw[""], "origin": origin, "source": raw.get("_source", ""), "url": url}


def _section(chapter: Chapter, verdicts: Sequence[Verdict]) -> dict[str, Any]:
    own = [verdict for verdict in verdicts if verdict.study == chapter.name]
    return {
        "chapter": chapter,
        "verdicts": own,
        "picture": picture(chapter) if chapter.draw and not chapter.is_usual else None,
        "panel": _panel(chapter, own) if chapter.runs else "",
        "trends": [{"words": trend["words"], "packed": _trend(trend)} for trend in chapter.trends],
    }


def _trend(trend: Mapping[str, Any]) -> str:
    """What is drawn of a metric by commit, packed."""
    points = [{key: value for key, value in point.items() if key != "measure"} for point in trend["points"]]
    return _packed(json.dumps({**trend, "points": points}, allow_nan=False, separators=(",", ":")))


def _panel(chapter: Chapter, verdicts: Sequence[Verdict]) -> str:
    """What is drawn of the runs, packed: the metrics that claims are about come first."""
    assert chapter.runs
    claimed = [str(verdict.claim.of.metric) for verdict in verdicts if verdict.claim.kind == "claim"]
    known = usual.metrics(chapter.runs.frame)
    chosen = dict.fromkeys(name for name in (chapter.metric, *claimed, *known) if name in known)
    panel = interactive.panel(chapter.runs, list(chosen)[:MOST_METRICS], chapter.by)
    return _packed(json.dumps(panel, allow_nan=False, separators=(",", ":"))) if panel["groups"] else ""


def picture(chapter: Chapter) -> dict[str, str]:
    """The chapter's own figure as the address of an SVG, and in words: as an image its parts clash with no other's."""
    from matplotlib import rc_context

    assert chapter.draw
    figure = chapter.draw()
    with rc_context({"svg.fonttype": "none", "svg.hashsalt": "dlbench"}), io.BytesIO() as file:
        figure.savefig(file, format="svg", metadata={"Date": None})
        source = f"data:image/svg+xml;base64,{base64.b64encode(file.getvalue()).decode()}"
    return {"source": source, "words": f"{chapter.title}. The figure shows: {_words(figure)}."}


def _words(figure: Figure) -> str:
    """What stands above and beside the panels of a figure."""
    panels = [(axes.get_title(), axes.get_ylabel(), axes.get_xlabel()) for axes in figure.axes]
    told = dict.fromkeys(", ".join(filter(None, map(one_line, words))) for words in panels)
    return "; ".join(filter(None, told)) or "pictures"


def _counts(verdicts: Sequence[Verdict]) -> list[tuple[str, int]]:
    counted = Counter(verdict.answer for verdict in verdicts)
    return [(word, counted[word]) for word in claims.ORDER if counted[word]]


def _choices(verdicts: Sequence[Verdict]) -> dict[str, list[str]]:
    """What claims can be filtered by."""
    kinds = dict.fromkeys(evidence.kind(verdict.claim) for verdict in verdicts)
    return {
        "verdict": [word for word, _ in _counts(verdicts)],
        "kind": sorted(kinds),
        "study": list(dict.fromkeys(verdict.study for verdict in verdicts)),
    }


@functools.cache
def _plotly() -> str:
    """plotly.js."""
    script: str = _needed("plotly.offline").get_plotlyjs()
    return _packed(script)


def _packed(text: str) -> str:
    """A text, compressed, in letters that need no escape."""
    return base64.b64encode(gzip.compress(text.encode(), mtime=0)).decode()


def _asset(name: str) -> str:
    """A file of the page, as it stands."""
    return (FOLDER / name).read_text("utf-8")


def _needed(name: str, option: str = "--format html") -> ModuleType:
    """A module that the extra `html` brings; InputError without it."""
    try:
        return import_module(name)
    except ImportError:
        package = name.partition(".")[0]
        raise InputError(f"{option}: needs the package {package}; pip install 'dlbench[html]'") from None
