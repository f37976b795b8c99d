"""One file an output format."""

from __future__ import annotations

import importlib
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from dlbench.errors import InputError

if TYPE_CHECKING:
    from dlbench.report.table import Table


def text(shown: Sequence[Table], format: str, output: Path | None = None) -> str:
    """The tables in one of the formats of this folder; with colours where they go to a terminal, not a file."""
    render = getattr(importlib.import_module(f"{__name__}.{format}"), format)
    if format != "terminal":
        return str(render(shown))
    colour = output is None and sys.stdout.isatty()
    encoding = sys.stdout.encoding if output is None else "utf-8"
    width = shutil.get_terminal_size((100, 24)).columns
    return str(render(shown, width=width, colour=colour, encoding=encoding or "utf-8"))


def deliver(content: str, output: Path | None = None) -> None:
    """Print it, or write it to the file."""
    if output is None:
        print(content, end="" if content.endswith("\n") else "\n")
        return
    try:
        output.write_text(content, encoding="utf-8")
    except OSError as error:
        raise InputError(f"-o {output}: cannot be written ({error.strerror})") from None
