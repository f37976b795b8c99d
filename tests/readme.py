"""The blocks of README.md and docs/ that a command writes; `python tests/readme.py` writes them all anew.

A block opens with its command, run in the repository's folder, and may keep a part of what that prints:

    <!-- $ dlbench report xor --results results --format markdown | where budget = short | columns recipe, solved % -->

`table TITLE` keeps what stands under that heading; `where COLUMN = VALUE` and `columns A, B, C` keep rows and columns
of its table; `notes TEXT; TEXT` keeps the notes that hold one of the texts. Output without Markdown in it is fenced.
"""

import contextlib
import functools
import io
import re
import shlex
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

REPOSITORY = Path(__file__).parents[1]
BLOCK = re.compile(r"(<!-- \$ (?P<words>(?:dlbench|python) .*?) -->\n)(?P<body>.*?)(<!-- end -->)", re.DOTALL)
LISTING = re.compile(r"^```\w+\n(# (?P<name>[\w.]+)\n.*?)^```$", re.DOTALL | re.MULTILINE)
CELL = re.compile(r"(?<!\\)\|")


def pages() -> list[Path]:
    """README.md, and every page of docs/."""
    return [REPOSITORY / "README.md", *sorted((REPOSITORY / "docs").rglob("*.md"))]


def listings(text: str) -> dict[str, str]:
    """The files that a page shows: the fenced blocks whose first line is a comment with their name."""
    return {found["name"]: found[1] for found in LISTING.finditer(text)}


def renewed(text: str) -> str:
    """The text with every block as its command writes it now."""
    return BLOCK.sub(lambda m: f"{m[1]}\n{body(m['words'])}\n\n{m[4]}", text)


def body(words: str) -> str:
    """What stands in a block with these words."""
    command, *filters = words.split(" | ")
    lines = written(command).splitlines()
    for each in filters:
        name, _, value = each.partition(" ")
        lines = FILTERS[name](lines, value)
        assert lines, f"nothing is left of {command} after {each}"
    text = "\n".join(lines).strip()
    return text if re.search(r"^[#|-]", text, re.MULTILINE) else f"```text\n{text}\n```"


@functools.cache
def written(command: str) -> str:
    """What the command prints, called from the repository's folder."""
    program, *rest = shlex.split(command)
    if program == "python":
        done = subprocess.run([sys.executable, *rest], cwd=REPOSITORY, capture_output=True, text=True, check=False)
        assert done.returncode in (0, 1), done.stderr  # 1: a bar was missed, which is for the page to say
        return done.stdout
    from typer.testing import CliRunner

    from dlbench.cli import app

    with contextlib.chdir(REPOSITORY), contextlib.redirect_stderr(io.StringIO()):
        return CliRunner().invoke(app, rest, catch_exceptions=False).stdout


def table(lines: list[str], title: str) -> list[str]:
    """The lines from the one heading of this title to the next."""
    start = lines.index(f"### {title}") + 1
    ends = (number for number in range(start, len(lines)) if lines[number].startswith("#"))
    return lines[start : next(ends, len(lines))]


def where(lines: list[str], condition: str) -> list[str]:
    """The rows with this value in this column, and all that is no row."""
    column, value = condition.split(" = ")
    place = _header(lines).index(column)
    rows = [line for line in lines if line.startswith("|")][2:]
    return [line for line in lines if line not in rows or _cells(line)[place] == value]


def columns(lines: list[str], names: str) -> list[str]:
    """The columns of these names, in this order."""
    places = [_header(lines).index(name) for name in names.split(", ")]
    return [_row(_cells(line)[place] for place in places) if line.startswith("|") else line for line in lines]


def notes(lines: list[str], texts: str) -> list[str]:
    """The notes that hold one of these texts, and all that is no note; each text has to be in one."""
    for text in texts.split("; "):
        assert any(line.startswith("- ") and text in line for line in lines), f"no note says {text}"
    return [line for line in lines if not line.startswith("- ") or any(text in line for text in texts.split("; "))]


FILTERS: dict[str, Callable[[list[str], str], list[str]]] = {
    "table": table,
    "where": where,
    "columns": columns,
    "notes": notes,
}


def _header(lines: list[str]) -> list[str]:
    return _cells(next(line for line in lines if line.startswith("|")))


def _cells(line: str) -> list[str]:
    return [cell.strip() for cell in CELL.split(line)[1:-1]]


def _row(cells: Iterator[str]) -> str:
    return f"| {' | '.join(cells)} |"


if __name__ == "__main__":
    for page in pages():
        page.write_text(renewed(page.read_text("utf-8")), "utf-8")
