"""LaTeX with booktabs."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from dlbench.report.cells import heading, is_numeric, one_line, texts
from dlbench.report.table import Table

ENDING: Final = ".tex"
NEEDS = r"% needs \usepackage{booktabs,adjustbox} and \usepackage[T1]{fontenc}"
MINUS = re.compile(r"(?<!\w)-(?=\d)")  # of a negative number, not the hyphen of a range or a name
WRITTEN = str.maketrans(
    {
        "\\": r"\textbackslash{}", "{": r"\{", "}": r"\}", "&": r"\&", "%": r"\%", "$": r"\$", "#": r"\#", "_": r"\_",
        "~": r"\textasciitilde{}", "^": r"\textasciicircum{}", "<": r"\textless{}", ">": r"\textgreater{}",
        "|": r"\textbar{}",
        "[": "{[}", "]": "{]}", '"': r"\textquotedbl{}", "±": r"$\pm$", "−": "$-$", "–": "--",
        "≥": r"$\geq$", "≤": r"$\leq$", "…": r"\ldots{}",
        "`": r"\textasciigrave{}",
    }
)  # fmt: skip


def tables(shown: Sequence[Table], output: Path | None = None) -> str:
    """One `table` environment each, no wider than the page, notes below; line one says what the preamble needs."""
    return f"{NEEDS}\n" + "\n".join(_table(table) for table in shown)


def escaped(text: str) -> str:
    """Text that LaTeX sets as it stands: specials spelt out, brackets kept from being taken for an argument."""
    return MINUS.sub("$-$", one_line(text).translate(WRITTEN))


def _table(table: Table) -> str:
    return "\n".join(
        [
            r"\begin{table}",
            r"\centering",
            rf"\caption{{{escaped(table.title)}}}",
            *_tabular(table),
            *_notes(table),
            r"\end{table}",
            "",
        ]
    )


def _tabular(table: Table) -> list[str]:
    if not len(table.frame):
        return []
    names = [str(name) for name in table.frame.columns]
    alignment = "".join("r" if is_numeric(list(table.frame[name])) else "l" for name in names)
    return [
        r"\begin{adjustbox}{max width=\linewidth}",
        rf"\begin{{tabular}}{{{alignment}}}",
        r"\toprule",
        _row([heading(name) for name in names]),
        r"\midrule",
        *(_row(row) for row in texts(table)),
        r"\bottomrule",
        r"\end{tabular}",
        r"\end{adjustbox}",
    ]


def _row(cells: Sequence[str]) -> str:
    return " & ".join(escaped(cell) for cell in cells) + r" \\"


def _notes(table: Table) -> list[str]:
    if not table.notes:
        return []
    return [
        r"\par\medskip\begin{minipage}{\linewidth}\footnotesize",
        *(rf"{escaped(note)}\par" for note in table.notes),
        r"\end{minipage}",
    ]
