"""Output formats, one file each: `markdown.py` is `--format markdown`.

A format can write what it has a function for: `tables` (a sequence of them), a `document` (tables with all that belongs
to them), a `comparison`, `measurements` (the frame of `dlbench.judge.measurements.load`). Each takes that and where the
text will go, None for standard output, and returns the text. A format with an ENDING is that of tables which go to a
file called so.
"""

from __future__ import annotations

import functools
import importlib
from collections.abc import Callable, Sequence
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any, Final, Literal

from dlbench.errors import InputError
from dlbench.writing import replacing

if TYPE_CHECKING:
    from dlbench.report.table import Table

Kind = Literal["tables", "document", "comparison", "measurements"]
STANDARD_OUTPUT: Final = Path("-")


@functools.cache
def names(kind: Kind) -> tuple[str, ...]:
    """The formats that can write such a thing. Imports none of them."""
    files = sorted(Path(__file__).parent.glob("*.py"))
    return tuple(file.stem.replace("_", "-") for file in files if f"\ndef {kind}(" in file.read_text("utf-8"))


def by_ending(output: Path | None) -> str:
    """The format of tables that go there: by the ending of its name, else that for a terminal."""
    known = (name for name in names("tables") if output and getattr(_module(name), "ENDING", "") == output.suffix)
    return next(known, "terminal")


def text(kind: Kind, shown: Any, format: str = "terminal", output: Path | None = None) -> str:
    """A thing of this kind in a format, as it would go to `output`."""
    written: Callable[[Any, Path | None], str] = getattr(_module(format), kind)
    return written(shown, output)


def brief(tables: Sequence[Table], notes: bool) -> Sequence[Table]:
    """The tables as a terminal shows them: with few notes, unless all are asked for."""
    return tables if notes else [table.brief() for table in tables]


def show(kind: Kind, shown: Any, format: str = "terminal", output: Path | None = None) -> None:
    """Print a thing of this kind, or write it to a file; see `deliver`."""
    deliver(text(kind, shown, format, output), output)


def deliver(content: str, output: Path | None) -> None:
    """Print the text, for None or `-`, or put it in a file, all of it or none. Raises InputError if that fails."""
    if output is None or output == STANDARD_OUTPUT:
        print(content, end="" if content.endswith("\n") or not content else "\n")
        return
    try:
        if is_stream(output):
            with output.open("a", encoding="utf-8") as stream:
                stream.write(content)
        else:
            with replacing(output.resolve()) as file:
                file.write(content.encode())
    except OSError as error:
        raise InputError(f"{output}: cannot be written ({error.strerror})") from None


def is_stream(place: Path) -> bool:
    """A named pipe, or the likes of /dev/stderr, even where that is a file at the moment: not to be replaced."""
    return str(place).startswith(("/dev/", "/proc/")) or (place.exists() and not place.is_file())


def _module(name: str) -> ModuleType:
    return importlib.import_module(f"{__name__}.{name.replace('-', '_')}")
