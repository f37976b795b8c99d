"""Reading a YAML file that anybody may have written: safe, bounded, and with errors that name the file."""

from __future__ import annotations

import copy
import functools
import math
import re
import stat
from collections.abc import Callable, Hashable, Iterable
from difflib import get_close_matches
from pathlib import Path
from reprlib import Repr
from typing import Any

import yaml

from dlbench.errors import InputError

MAX_BYTES = 100_000
MAX_DEPTH = 12
MAX_INTEGER = 2**63 - 1
MAX_SECONDS = 365 * 86400.0
CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]")  # could steer a terminal, or not be written at all
NUMBERS = {
    "int": r"[-+]?(?:0x[0-9a-fA-F_]+|0|[1-9][0-9_]*)$",
    "float": r"[-+]?(?:(?:[0-9][0-9_]*\.[0-9_]*|\.[0-9][0-9_]*)(?:[eE][-+]?[0-9]+)?|[0-9][0-9_]*[eE][-+]?[0-9]+"
    r"|\.(?:inf|Inf|INF))$|\.(?:nan|NaN|NAN)$",
}
"""How numbers are written: as in YAML 1.1, except that 1e-4 is a number, and 12:30 is not 750."""
AMBIGUOUS = re.compile(r"[-+]?0(?:[bBoO][0-9_]+|[0-9_]+(?:\.[0-9_]*)?(?:[eE][-+]?[0-9]+)?)", re.ASCII)
"""What some YAML readers take for an octal or binary number, others for a decimal one or for text: 010, 0o10, 0b1."""


class _Loader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc]  # PyYAML has no types
    """SafeLoader, by libyaml where PyYAML was built with it, whose keys must be words that do not repeat."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        seen: set[str] = set()
        for key, value in node.value:
            if isinstance(key, yaml.ScalarNode):
                _check_word(key, value)
                if key.value in seen:
                    raise _refused(f"the key {quoted(key.value)} stands twice", key)
                seen.add(key.value)
        return dict(super().construct_mapping(node, deep=deep))


_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag.rpartition(":")[2] not in NUMBERS]
    for first, resolvers in _Loader.yaml_implicit_resolvers.items()
}
for _kind, _pattern in NUMBERS.items():
    _Loader.add_implicit_resolver(f"tag:yaml.org,2002:{_kind}", re.compile(_pattern), list("-+.0123456789"))

WORDLESS = {"int": "number", "float": "number", "bool": "truth value", "null": "empty value", "timestamp": "date"}
"""Kinds of scalar that are no keys."""
_SHORT = Repr()
_SHORT.maxlevel, _SHORT.maxstring, _SHORT.maxlist, _SHORT.maxdict, _SHORT.maxother = 3, 80, 8, 8, 80


def parse(text: str, where: str) -> Any:
    """The value of a YAML text; InputError, beginning with `where`, if it is not one plain, bounded value."""
    where = plain(where)
    if len(text) > MAX_BYTES:
        raise InputError(f"{where}: larger than {MAX_BYTES:,} bytes; a recipe is a page of YAML")
    try:
        _check_events(text)
        value = yaml.load(text, Loader=_Loader)
    except yaml.YAMLError as error:
        raise InputError(f"{where}: not readable as YAML: {_one_line(error)}") from None
    except (ValueError, RecursionError, TypeError, OverflowError) as error:
        raise InputError(f"{where}: not readable as YAML: {plain(error)}") from None
    _check_plain(value, where)
    return value


def read_mapping(path: Path) -> dict[str, Any]:
    """The mapping in a YAML file; InputError for a file that is missing, binary, empty, too large or something else."""
    return copy.deepcopy(_mapping(_text(path), str(path)))


def outline(path: Path, shorten: Callable[[str], str]) -> dict[str, Any]:
    """The mapping in a shortened YAML file that comes with dlbench: quick, and nearly unchecked.

    shorten: cuts the text down to what is needed. All scalars are text. If what is left is no mapping, the file is read
    whole, by `read_mapping`.
    """
    text = shorten(_text(path))
    try:
        value = yaml.load(text, Loader=getattr(yaml, "CBaseLoader", yaml.BaseLoader))
    except yaml.YAMLError:
        value = None
    return value if isinstance(value, dict) else read_mapping(path)


def _text(path: Path) -> str:
    try:
        return _bytes(path).decode("utf-8-sig")
    except UnicodeDecodeError:
        raise InputError(f"{path}: a binary file, not YAML text in UTF-8") from None


@functools.lru_cache(maxsize=128)
def _mapping(text: str, path: str) -> dict[str, Any]:
    """The mapping in the text of that file; cached, as a family of recipes is read once for each variant."""
    value = parse(text, path)
    if value is None:
        raise InputError(f"{path}: empty; a recipe or study has at least a title")
    if not isinstance(value, dict):
        raise InputError(f"{path}: holds a {type(value).__name__}, not a mapping of keys to values")
    return value


def _bytes(path: Path) -> bytes:
    """The file's content, if it is not too large; devices and pipes, which may never end, are not opened."""
    try:
        if not stat.S_ISREG(path.stat().st_mode):
            raise InputError(f"{path}: cannot be read, it is not a regular file")
        with path.open("rb") as file:
            content = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror})") from None
    if len(content) > MAX_BYTES:
        raise InputError(f"{path}: larger than {MAX_BYTES:,} bytes; a recipe is a page of YAML")
    return content


def plain(text: object, most: int = 300) -> str:
    """A text for a message of one line: unprintable characters escaped, and at most `most` characters long."""
    words = str(text)
    words = words if len(words) <= most else f"{words[: most // 2]} ... {words[-most // 2 :]}"
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in words)


def quoted(value: object) -> str:
    """A value for a message of one line, as Python would write it, shortened."""
    return plain(_SHORT.repr(value))


def seconds(text: str, where: str) -> float:
    """`90s`, `30m`, `2h`, `1h30m` or a bare number of seconds -> seconds; InputError for anything else."""
    parts = re.fullmatch(r"(?:(\d+(?:\.\d+)?)h)?(?:(\d+(?:\.\d+)?)m)?(?:(\d+(?:\.\d+)?)s?)?", text.strip())
    total = (
        sum(float(part or 0) * unit for part, unit in zip(parts.groups(), (3600, 60, 1), strict=True)) if parts else 0
    )
    if not 0 < total < MAX_SECONDS:
        raise InputError(f"{where} {plain(text)}: give a time above zero, such as 90s, 30m, 2h or 1h30m")
    return total


def duration(seconds: float) -> str:
    """`0.4 s`, `45 s`, `12 min`, `6.5 h`."""
    if seconds < 9.5:
        return f"{seconds:.1f} s"
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"


def near(word: str, names: Iterable[str]) -> str:
    """`" (did you mean 'lr'?)"` if one of the names is close to the word, else an empty string."""
    close = get_close_matches(str(word)[:100], list(names), n=3, cutoff=0.6)
    return f" (did you mean {' or '.join(map(repr, close))}?)" if close else ""


def _check_events(text: str) -> None:
    """Refuse, before loading: aliases, which multiply, tags, which construct, ambiguous numbers, and deep nesting."""
    depth = 0
    for event in yaml.parse(text, Loader=_Loader):
        if isinstance(event, yaml.AliasEvent):
            raise _refused("aliases are not used here", event)
        if getattr(event, "tag", None) is not None:
            raise _refused(f"tags such as {quoted(event.tag)} are not used here", event)
        if isinstance(event, yaml.ScalarEvent) and event.implicit[0] and AMBIGUOUS.fullmatch(event.value):
            raise _refused(
                f"{quoted(event.value)}: no number begins with a needless 0; quote it if text is meant", event
            )
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        if depth > MAX_DEPTH:
            raise _refused("nested too deeply", event)


def _check_word(key: yaml.ScalarNode, value: yaml.Node) -> None:
    """Refuse a key that is no text, such as the 1 of `{lr: 0,1}`, where a comma was taken for a decimal point."""
    kind = WORDLESS.get(key.tag.rpartition(":")[2])
    if kind is None:
        return
    is_alone = isinstance(value, yaml.ScalarNode) and not value.value
    is_fraction = kind == "number" and is_alone
    remedy = "a decimal comma is written as a point" if is_fraction else "quote it"
    raise _refused(f"a key is not a word but the {kind} {quoted(key.value)}; {remedy}", key)


def _refused(problem: str, where: yaml.Event | yaml.Node) -> yaml.MarkedYAMLError:
    return yaml.MarkedYAMLError(problem=problem, problem_mark=where.start_mark)


def _one_line(error: yaml.YAMLError) -> str:
    mark = getattr(error, "problem_mark", None)
    position = f" (line {mark.line + 1}, column {mark.column + 1})" if mark else ""
    return plain(getattr(error, "problem", None) or str(error).partition("\n")[0]) + position


def _check_plain(value: Any, where: str) -> None:
    """Refuse what JSON cannot hold or a terminal cannot print: dates, sets, bytes, escape codes."""
    if isinstance(value, dict):
        for key, item in value.items():
            if not isinstance(key, str):
                raise InputError(f"{where}: a key is not a word but a {type(key).__name__}; quote it")
            _check_plain(key, where)
            _check_plain(item, where)
    elif isinstance(value, list):
        for item in value:
            _check_plain(item, where)
    elif isinstance(value, str):
        if CONTROL.search(value):
            raise InputError(f"{where}: {quoted(value)} has control characters")
    elif isinstance(value, float) and not math.isfinite(value):
        raise InputError(f"{where}: {value} is not a finite number")
    elif isinstance(value, int) and abs(value) > MAX_INTEGER:
        raise InputError(f"{where}: a whole number of more than 63 bits")
    elif value is not None and not isinstance(value, bool | int | float):
        raise InputError(f"{where}: {quoted(value)} is a {type(value).__name__}; quote it if text is meant")
