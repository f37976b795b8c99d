"""Standard output and standard error: in any encoding, for readers that leave early, without a user's own prints."""

from __future__ import annotations

import codecs
import io
import json
import os
import sys
import unicodedata
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, redirect_stdout, suppress
from typing import Any, Final, TextIO

from dlbench.errors import InputError

PLAIN: Final = "dlbench.plain"  # the name of the codec error handler below
LETTERS: Final = {
    "±": "+-", "−": "-", "–": "-", "—": "-", "·": "*", "×": "x", "²": "^2", "³": "^3", "ⁿ": "^n", "→": "->", "←": "<-",
    "≤": "<=", "≥": ">=", "≈": "~", "’": "'", "‘": "'", "“": '"', "”": '"', "•": "*",
}  # fmt: skip


def prepare() -> None:
    """Make both streams robust: neither a letter that cannot be encoded nor a reader that left ends the program."""
    while os.open(os.devnull, os.O_RDWR) <= 2:  # a descriptor that is closed would become some file's
        pass
    for number, name in ((1, "stdout"), (2, "stderr")):
        stream = getattr(sys, name) or open(number, "w", encoding="utf-8", closefd=False)  # noqa: SIM115
        if isinstance(stream, io.TextIOWrapper):
            stream.flush()
            setattr(sys, name, _lasting(stream))


def finish() -> None:
    """Close standard output: what a user's own code prints at the very end goes to standard error."""
    with suppress(OSError, ValueError):
        os.dup2(2, 1)
    sys.stdout = sys.stderr


def warn(lines: Iterable[str]) -> None:
    """Print warnings on standard error, a line each."""
    for line in lines:
        print(f"dlbench: {line}", file=sys.stderr)


def say(line: str) -> None:
    """Print a line on standard error at once, for whoever waits."""
    print(line, file=sys.stderr, flush=True)


def letters(text: str, encoding: str) -> str:
    """The text in letters that the encoding has: `±` becomes `+-` in ASCII."""
    return text.encode(encoding, PLAIN).decode(encoding)


@contextmanager
def aside() -> Iterator[None]:
    """Send to standard error whatever a user's own code prints meanwhile: in Python, in C or in a child process."""
    with redirect_stdout(sys.stderr):
        try:
            saved = os.dup(1)
            os.dup2(2, 1)
        except OSError:  # one of them is closed
            yield
            return
        try:
            yield
        finally:
            import ctypes  # not at start-up, which it would slow

            with suppress(OSError, TypeError):  # Windows has no library without a name
                ctypes.CDLL(None).fflush(None)
            os.dup2(saved, 1)
            os.close(saved)


def _lasting(stream: io.TextIOWrapper) -> TextIO:
    if sys.platform == "win32":  # whose console is no file
        stream.reconfigure(errors=PLAIN)
        return stream
    return io.TextIOWrapper(
        io.BufferedWriter(_Lasting(stream.fileno(), "wb", closefd=False)), encoding=stream.encoding, errors=PLAIN,
        line_buffering=stream.line_buffering, write_through=stream.write_through,
    )  # fmt: skip


class _Lasting(io.FileIO):
    """Once its reader has left, as `head` does, drops what is written; InputError for a full disk."""

    def write(self, data: Any) -> int:
        try:
            return super().write(data)
        except OSError as error:
            nothing = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nothing, self.fileno())
            os.close(nothing)
            if not isinstance(error, BrokenPipeError) and self.fileno() == 1:
                raise InputError(f"standard output: cannot be written ({error.strerror})") from None
            return len(data)


def _plainly(error: UnicodeError) -> tuple[str, int]:
    """For letters that an encoding lacks: others that look alike, or what JSON writes for them."""
    if not isinstance(error, UnicodeEncodeError):
        raise error
    return "".join(map(_plain, error.object[error.start : error.end])), error.end


def _plain(letter: str) -> str:
    if letter in LETTERS:
        return LETTERS[letter]
    name = unicodedata.name(letter, "")
    if name.startswith("BOX DRAWINGS"):
        return "+" if " AND " in name else "|" if name.endswith("VERTICAL") else "-"
    bare = unicodedata.normalize("NFKD", letter).encode("ascii", "ignore").decode()
    return bare or json.dumps(letter)[1:-1]


codecs.register_error(PLAIN, _plainly)
