"""A terminal or a pipe of any width; a number is never cut."""

from __future__ import annotations

import io
import shutil
import sys
import textwrap
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import rich.box
import rich.table
from rich.cells import cell_len
from rich.console import Console
from rich.text import Text

from dlbench.report.cells import NOTHING, heading, is_numeric, one_line, texts
from dlbench.report.changes import Comparison
from dlbench.report.table import Table
from dlbench.streams import letters

GAP = 2  # columns of space between two columns
WIDEST_HEADING = 14  # a longer heading wraps, so that it does not make a column of short numbers wide
WIDEST_TEXT = 28  # a longer text wraps, rather than push another column off the page
WITHOUT_TERMINAL = 100
FEW_LINES = 3  # of notes below a table, unless all are asked for


@dataclass(frozen=True)
class Column:
    """A column ready to be laid out: numbers stay whole, text wraps between words."""

    heading: str
    cells: list[str]
    numeric: bool

    @property
    def natural(self) -> int:
        """The width at which nothing but the heading wraps."""
        return max([self.least, *map(cell_len, self.cells)])

    @property
    def comfortable(self) -> int:
        """The width at which only long texts wrap."""
        return min(self.natural, max(self.least, WIDEST_TEXT))

    @property
    def least(self) -> int:
        """The narrowest width that cuts no number and no word."""
        pieces = self.cells if self.numeric else [word for cell in self.cells for word in cell.split()]
        whole = [self.heading] if cell_len(self.heading) <= WIDEST_HEADING else self.heading.split()
        return max(map(cell_len, [*pieces, *whole]), default=1)


def tables(shown: Sequence[Table], output: Path | None = None) -> str:
    """The tables and their notes as wide as the terminal; with colours where they go to one, not to a file."""
    width = shutil.get_terminal_size((WITHOUT_TERMINAL, 24)).columns
    if output is not None:
        return page([replace(table, few_notes=False) for table in shown], width=width)
    return page(shown, width=width, colour=sys.stdout.isatty(), encoding=sys.stdout.encoding or "utf-8")


def comparison(shown: Comparison, output: Path | None = None) -> str:
    """Its table."""
    return tables([shown.table()], output)


def page(
    tables: Sequence[Table], *, width: int = WITHOUT_TERMINAL, colour: bool = False, encoding: str = "utf-8"
) -> str:
    """The tables and their notes as text.

    width: columns of the page. A table wider than that is cut between columns into several, each with the columns that
    name the rows. Only a page too narrow for those and one more is overrun.
    colour: with ANSI codes; without, the text holds no control codes at all. encoding: where letters are lacking,
    others stand for them.
    """
    out = io.StringIO()
    for table in tables:
        _print(table, width, colour, encoding, out)
    lines = letters(out.getvalue(), encoding).splitlines()
    return "\n".join(line.rstrip() for line in lines).rstrip("\n") + "\n" if tables else ""


def _print(table: Table, width: int, colour: bool, encoding: str, out: io.StringIO) -> None:
    console = _console(width, colour, out)
    console.print(Text(one_line(table.title), style="bold"), soft_wrap=True)
    for piece in _in_letters(_pieces(_columns(table), table.keys, width), encoding):
        widths = _widths(piece, width)
        _console(max(width, _total(widths)), colour, out).print(_grid(piece, widths))
        console.print()
    notes = [_wrapped("- " + one_line(note), width, "  ") for note in table.notes]
    for line in _few(notes) if table.few_notes else [line for note in notes for line in note]:
        console.print(Text(line, style="dim"), soft_wrap=True)
    console.print()


def _few(notes: Sequence[Sequence[str]]) -> list[str]:
    """Three lines: the first notes as far as they go, and how to see the others."""
    lines = [line for note in notes for line in note]
    if len(lines) <= FEW_LINES:
        return lines
    whole = 0
    while sum(map(len, notes[: whole + 1])) < FEW_LINES:
        whole += 1
    shown = [line for note in notes[:whole] for line in note] or [notes[0][0], f"{notes[0][1]} ..."]
    left = len(notes) - max(whole, 1)
    return [*shown, f"- {left} more note{'s' if left > 1 else ''}: --notes" if left else "  --notes shows all of it"]


def _in_letters(pieces: Iterable[list[Column]], encoding: str) -> Iterator[list[Column]]:
    """The same in letters of the encoding, before their widths count."""
    for piece in pieces:
        yield [
            Column(
                letters(column.heading, encoding), [letters(cell, encoding) for cell in column.cells], column.numeric
            )
            for column in piece
        ]


def _console(width: int, colour: bool, out: io.StringIO) -> Console:
    return Console(
        file=out, width=width, force_terminal=colour, color_system="standard" if colour else None, no_color=not colour,
        force_jupyter=False, legacy_windows=False, highlight=False, markup=False, emoji=False, _environ={},
    )  # fmt: skip


def _columns(table: Table) -> list[Column]:
    rows = texts(table)
    return [
        Column(one_line(heading(str(name))), [row[place] for row in rows], is_numeric(list(table.frame[name])))
        for place, name in enumerate(table.frame.columns)
    ]


def _pieces(columns: list[Column], keys: int, width: int) -> Iterator[list[Column]]:
    """The columns in as many pieces as the width asks for, the key columns leading each.

    Rows that say nothing in a piece are left out of it, but for those that say nothing in any.
    """
    if not columns:
        return
    named, rest = columns[:keys], columns[keys:]
    mute = {row for row in range(len(named[0].cells)) if all(column.cells[row] == NOTHING for column in rest)}
    piece: list[Column] = []
    for column in rest:
        if piece and _total([each.comfortable for each in (*named, *piece, column)]) > width:
            yield _speaking(named, piece, mute)
            piece = []
        piece.append(column)
    yield _speaking(named, piece, mute)


def _total(widths: Sequence[int]) -> int:
    return sum(widths) + GAP * (len(widths) - 1)


def _speaking(named: list[Column], piece: list[Column], mute: set[int]) -> list[Column]:
    rows = range(len(named[0].cells))
    kept = [row for row in rows if row in mute or any(column.cells[row] != NOTHING for column in piece)]
    return [Column(column.heading, [column.cells[row] for row in kept], column.numeric) for column in (*named, *piece)]


def _widths(columns: Sequence[Column], page: int) -> list[int]:
    """Natural widths, those with most to spare narrowed by and by until they fit the page."""
    widths = [column.natural for column in columns]
    while _total(widths) > page:
        most, place = max(
            (width - column.least, place) for place, (width, column) in enumerate(zip(widths, columns, strict=True))
        )
        if most == 0:
            break
        widths[place] -= 1
    return widths


def _grid(columns: Sequence[Column], widths: Sequence[int]) -> rich.table.Table:
    grid = rich.table.Table(box=rich.box.SIMPLE_HEAD, pad_edge=False, padding=(0, GAP - 1, 0, 0), show_edge=False)
    headings = [_wrapped(column.heading, width) for column, width in zip(columns, widths, strict=True)]
    tallest = max(map(len, headings))
    for lines, column, width in zip(headings, columns, widths, strict=True):
        raised = "\n".join([""] * (tallest - len(lines)) + lines)
        grid.add_column(Text(raised), width=width, justify="right" if column.numeric else "left")
    for row in zip(*(column.cells for column in columns), strict=True):
        grid.add_row(*(Text(cell) for cell in row))
    return grid


def _wrapped(text: str, width: int, indent: str = "") -> list[str]:
    """Lines broken between words only, so that no number and no file name is cut."""
    return textwrap.wrap(
        text, max(width, 20 if indent else 1), subsequent_indent=indent, break_long_words=False, break_on_hyphens=False
    )
