"""A comparison for GitHub Actions: workflow commands that annotate the run, and its table in the step's summary.

https://docs.github.com/actions/reference/workflow-commands-for-github-actions; GitHub shows ten of each kind a step.
"""

from __future__ import annotations

import os
from pathlib import Path

from dlbench.errors import InputError
from dlbench.judge.changes import Row, joint
from dlbench.report.changes import Comparison
from dlbench.report.formats import markdown


def comparison(shown: Comparison, output: Path | None = None) -> str:
    """An error for each breached limit and failed trial, a warning for what stays undecided or is a bad bargain.

    Appends the table to the file that GITHUB_STEP_SUMMARY names, where there is one.
    """
    _summarise(markdown.comparison(shown))
    rows, base = shown.rows, shown.base
    breached = [row for row in rows if row.outcome == "breached"]
    failed = [row for row in rows if row.verdict == "failed"]
    lines = [_command("error", f"{row.recipe}: {row.name}", _breach(row, base)) for row in breached]
    lines += [_command("error", f"{row.recipe}: failed", _told(row)) for row in failed]
    lines += [_command("warning", "faster or better, at a price", line) for line in joint(rows)]
    lines += [
        _command("warning", f"{row.recipe}: {row.name}", f"limit undecided: {_told(row)}")
        for row in rows if row.outcome == "undecided"
    ]  # fmt: skip
    counted = f"{len(rows)} row{'s' if len(rows) != 1 else ''} against {base}, limits breached: {len(breached)}"
    return "\n".join([*lines, _command("notice", "dlbench compare", counted)]) + "\n"


def _summarise(text: str) -> None:
    path = os.environ.get("GITHUB_STEP_SUMMARY")
    if path:
        try:
            with Path(path).open("a", encoding="utf-8") as file:
                file.write(text + "\n")
        except OSError as error:
            raise InputError(f"GITHUB_STEP_SUMMARY={path}: cannot be written ({error.strerror})") from None


def _breach(row: Row, base: str) -> str:
    limit = row.limit.text if row.limit else ""
    return f"{row.told}: {row.verdict} than {base} by more than {limit} ({row.base:g} -> {row.new:g}, {row.measured})"


def _told(row: Row) -> str:
    return f"{row.measured}: {row.verdict}" + (f": {row.why}" if row.why else "")


def _command(kind: str, title: str, message: str) -> str:
    return f"::{kind} title={_property(title)}::{_data(message)}"


def _data(text: str) -> str:
    """Text that stays one command, whatever it holds."""
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
