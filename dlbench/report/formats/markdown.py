"""GitHub-flavoured Markdown."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import pandas as pd

from dlbench.errors import InputError
from dlbench.report import benchmarks
from dlbench.report.cells import heading, is_numeric, one_line, texts
from dlbench.report.changes import Comparison
from dlbench.report.claims import claims
from dlbench.report.document import Chapter, Document
from dlbench.report.table import Table

ENDING: Final = ".md"
SPECIAL = re.compile(r"[\\`*\[\]<>|&~$]|(?<!\w)_|_(?!\w)")  # an underscore within a word is only an underscore


def tables(shown: Sequence[Table], output: Path | None = None) -> str:
    """Each table under a heading of its own, its notes as a list below."""
    return "\n".join(_table(table) for table in shown)


def document(shown: Document, output: Path | None = None) -> str:
    """The claims of all studies, then a chapter for each; figures go into a folder beside `output`."""
    opening = [f"# {shown.title}", tables(claims(shown.verdicts) if shown.verdicts else [])]
    return "\n\n".join([*opening, *(_chapter(chapter, output) for chapter in shown.chapters)])


def comparison(shown: Comparison, output: Path | None = None) -> str:
    """Its table."""
    return tables([shown.table()])


def measurements(frame: pd.DataFrame, output: Path | None = None) -> str:
    """One row a benchmark, with the mean and deviation of its metrics."""
    return tables([benchmarks.table(frame)])


def escaped(text: str) -> str:
    """Text that Markdown shows as it stands, on one line."""
    return SPECIAL.sub(r"\\\g<0>", one_line(text))


def _chapter(chapter: Chapter, output: Path | None) -> str:
    parts = [f"## {chapter.title}", chapter.source, _picture(chapter, output), tables(chapter.tables)]
    return "\n\n".join(filter(None, parts))


def _picture(chapter: Chapter, output: Path | None) -> str:
    """The line that shows the chapter's figure, which now lies beside the text; nothing where there is none."""
    if output is None or chapter.draw is None:
        return ""
    folder = output.with_name(f"{output.stem}-figures")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / f"{chapter.name}.png"
        chapter.draw().savefig(path)
        _make_small(path)
    except OSError as error:
        raise InputError(f"-o {output}: {folder} cannot be written ({error.strerror})") from None
    return f"![{chapter.title}]({folder.name}/{chapter.name}.png)"


def _make_small(picture: Path) -> None:
    """To 256 colours, which is a third of the bytes."""
    from PIL import Image

    with Image.open(picture) as image:
        image.convert("RGB").quantize(256, dither=Image.Dither.NONE).save(picture, optimize=True)


def _table(table: Table) -> str:
    lines = [f"### {escaped(table.title)}", ""]
    if len(table.frame):
        names = [str(name) for name in table.frame.columns]
        lines.append(_row([heading(name) for name in names]))
        lines.append("|" + "|".join("---:" if is_numeric(list(table.frame[name])) else "---" for name in names) + "|")
        lines += [_row(row) for row in texts(table)]
        lines.append("")
    notes = [f"- {escaped(note)}" for note in table.notes]
    return "\n".join([*lines, *notes, *([""] if notes else [])])


def _row(cells: Sequence[str]) -> str:
    return "| " + " | ".join(escaped(cell) for cell in cells) + " |"
