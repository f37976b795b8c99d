"""A pack: many run and timing files in one gzip file, byte for byte, read and written one by one.

Decompressed, by zcat or any other tool, it is

    {"event": "pack", "schema": 1}
    {"event": "file", "path": "plain-56/short-seed0-cpu-1a2b3c4d.jsonl", "bytes": 20480, "mtime_ns": ..., "crc32": ...}
    (its 20480 bytes; if they do not end a line, a line's end)
    ...
    {"event": "end", "files": 1675}

Paths ascend: no two are the same, and the same files make the same pack. Whatever deviates is refused.
"""

from __future__ import annotations

import gzip
import json
import os
import zlib
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import Any, Final, NamedTuple

from dlbench.errors import InputError
from dlbench.reading import plain, quoted
from dlbench.writing import replacing

ENDING: Final = ".jsonl.gz"
SCHEMA: Final = 1
MOST_OF_A_LINE: Final = 65_536  # bytes, of those between files
MOST_OF_A_FILE: Final = 2**28
MOST: Final = 2**34  # bytes, of all files together
MOST_TIMES: Final = 400  # a pack's own size, above SPARED; run files come to 5 to 10, a bomb to 1,000
SPARED: Final = 2**24
KEYS: Final[Mapping[str, type]] = {"path": str, "bytes": int, "mtime_ns": int, "crc32": int}


class Member(NamedTuple):
    """One file of a pack. path: relative, with `/`. mtime_ns: when it was written, in nanoseconds since 1970."""

    path: str
    mtime_ns: int
    content: bytes


def members(pack: Path) -> Iterator[Member]:
    """The files of a pack, each as soon as it has been read whole; InputError for what is wrong, and where."""
    last = ""
    try:
        if not pack.is_file():
            raise InputError(f"{pack}: not a pack: no regular file")
        with pack.open("rb") as compressed, gzip.GzipFile(fileobj=compressed) as stream:
            for member in _members(stream, os.fstat(compressed.fileno()).st_size):
                last = member.path
                yield member
    except _Damage as error:
        raise InputError(f"{pack}: {error}") from None
    except (OSError, EOFError, zlib.error) as error:
        what = "cannot be read" if isinstance(error, OSError) and error.strerror else "damaged or cut short"
        after = f" after {last}" if last else ""
        raise InputError(f"{pack}: {what}{after} ({plain(getattr(error, 'strerror', None) or error)})") from None


def write(pack: Path, files: Iterable[Member]) -> int:
    """Write a pack of files whose paths ascend, whole or not at all; returns how many. Raises InputError."""
    try:
        with replacing(pack) as compressed:
            with gzip.GzipFile("", "wb", 9, compressed, mtime=0) as stream:
                count = _write(stream, files)
            compressed.flush()
            _check(Path(compressed.name))
    except _Damage as error:
        raise InputError(f"{pack}: would be no pack: {error}") from None
    except OSError as error:
        raise InputError(f"{pack}: cannot be written ({error.strerror})") from None
    return count


class _Damage(Exception):
    """What is wrong with a pack."""


def _write(stream: gzip.GzipFile, files: Iterable[Member]) -> int:
    count, last = 0, ""
    stream.write(_line({"event": "pack", "schema": SCHEMA}))
    for path, mtime_ns, content in files:
        _check_path(path, last)
        about = {"path": path, "bytes": len(content), "mtime_ns": mtime_ns, "crc32": zlib.crc32(content)}
        stream.write(_line({"event": "file", **about}) + content + _end_of_line(content))
        count, last = count + 1, path
    stream.write(_line({"event": "end", "files": count}))
    return count


def _line(event: Mapping[str, Any]) -> bytes:
    return json.dumps(event).encode() + b"\n"


def _end_of_line(content: bytes) -> bytes:
    return b"" if content.endswith(b"\n") else b"\n"


def _check(part: Path) -> None:
    """Read what was written: raises _Damage if it would be refused."""
    try:
        for _ in members(part):
            pass
    except InputError as error:
        raise _Damage(str(error).removeprefix(f"{part}: ")) from None


def _members(stream: gzip.GzipFile, compressed_bytes: int) -> Iterator[Member]:
    """The files; raises _Damage at the first thing that is wrong, before anything after it is read."""
    start = _event(stream, "not a pack")
    if start.get("event") != "pack":
        raise _Damage("not a pack")
    if start.get("schema") != SCHEMA:
        raise _Damage(f"a pack of schema {quoted(start.get('schema'))}, this dlbench reads {SCHEMA}")
    most = min(MOST, max(SPARED, MOST_TIMES * compressed_bytes))
    count, last = 0, ""
    while (event := _event(stream, f"damaged after {last or 'its first line'}")).get("event") == "file":
        about = _checked(event, last)
        most -= about["bytes"] + len(about["path"])
        if most < 0 or about["bytes"] > MOST_OF_A_FILE:
            raise _Damage(f"refused: {about['path']} and what is before it are larger than files in such a pack can be")
        yield _member(stream, about)
        count, last = count + 1, about["path"]
    if event != {"event": "end", "files": count} or stream.read(1):
        raise _Damage(f"damaged after {last or 'its first line'}: neither a file nor an end comes next")


def _event(stream: gzip.GzipFile, problem: str) -> Mapping[str, Any]:
    """The next line between files."""
    line = stream.readline(MOST_OF_A_LINE)
    try:
        event = json.loads(line)
    except (ValueError, RecursionError):
        raise _Damage(problem if line else f"{problem}: it ends there") from None
    return event if isinstance(event, dict) else {}


def _checked(event: Mapping[str, Any], last: str) -> Mapping[str, Any]:
    """The line about the file that follows, checked."""
    for key, kind in KEYS.items():
        value = event.get(key)
        if type(value) is not kind or (isinstance(value, int) and abs(value) >= 2**63):
            raise _Damage(f"damaged after {last or 'its first line'}: {key} is {quoted(value)}")
    if event["bytes"] < 0:
        raise _Damage(f"damaged after {last or 'its first line'}: bytes is {event['bytes']}")
    _check_path(event["path"], last)
    return event


def _check_path(path: str, last: str) -> None:
    """Raise _Damage unless it is a run or timing file, inside the folder on any system, and after the last path."""
    parts = PurePosixPath(path).parts
    inside = str(PurePosixPath(path)) == path and not path.startswith("/") and ".." not in parts and "\\" not in path
    if not inside or any(PureWindowsPath(part).drive for part in parts):
        raise _Damage(f"refused: {quoted(path)} would lie outside its folder, or is no plain path")
    if not path.endswith(".jsonl") or not path.isprintable():
        raise _Damage(f"refused: {quoted(path)} is not the name of a run or timing file")
    if path <= last:
        raise _Damage(f"refused: {path} after {last}: there twice, or not in order")


def _member(stream: gzip.GzipFile, about: Mapping[str, Any]) -> Member:
    content = stream.read(about["bytes"])
    if len(content) < about["bytes"]:
        raise _Damage(f"cut short in {about['path']}")
    end = _end_of_line(content)
    if zlib.crc32(content) != about["crc32"] or stream.read(len(end)) != end:
        raise _Damage(f"damaged in {about['path']}")
    return Member(about["path"], about["mtime_ns"], content)
