"""Reading a YAML file that anybody may have written: safe, bounded, and with errors that name the file."""

from __future__ import annotations

import math
import re
from collections.abc import Hashable, Iterable
from difflib import get_close_matches
from pathlib import Path
from typing import Any

import yaml

from dlbench.errors import InputError

MAX_BYTES = 100_000
MAX_DEPTH = 12


class _Loader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc]  # PyYAML has no types
    """SafeLoader, by libyaml where PyYAML was built with it, without duplicate keys."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        seen: set[str] = set()
        for key, _ in node.value:
            if isinstance(key, yaml.ScalarNode):
                if key.value in seen:
                    raise _refused(f"the key {key.value!r} stands twice", key)
                seen.add(key.value)
        return dict(super().construct_mapping(node, deep=deep))


# YAML 1.1 reads 1e-4 as a string; every reader of a recipe means the number.
_Loader.add_implicit_resolver(
    "tag:yaml.org,2002:float",
    re.compile(r"^[-+]?(?:\d[\d_]*\.?[\d_]*|\.\d[\d_]*)[eE][-+]?\d+$"),
    list("-+.0123456789"),
)


def parse(text: str, where: str) -> Any:
    """The value of a YAML text; InputError, beginning with `where`, if it is not one plain, bounded value."""
    try:
        _check_events(text)
        value = yaml.load(text, Loader=_Loader)
    except yaml.YAMLError as error:
        raise InputError(f"{where}: not readable as YAML: {_one_line(error)}") from None
    except (ValueError, RecursionError, TypeError, OverflowError) as error:
        raise InputError(f"{where}: not readable as YAML: {error}") from None
    _check_plain(value, where)
    return value


def read_mapping(path: Path) -> dict[str, Any]:
    """The mapping in a YAML file; InputError for a file that is missing, binary, empty, too large or something else."""
    try:
        raw = path.read_bytes() if path.stat().st_size <= MAX_BYTES else None
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror})") from None
    if raw is None:
        raise InputError(f"{path}: larger than {MAX_BYTES:,} bytes; a recipe is a page of YAML")
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError:
        raise InputError(f"{path}: a binary file, not YAML text in UTF-8") from None
    value = parse(text, str(path))
    if value is None:
        raise InputError(f"{path}: empty; a recipe or study has at least a title")
    if not isinstance(value, dict):
        raise InputError(f"{path}: holds a {type(value).__name__}, not a mapping of keys to values")
    return value


def near(word: str, known: Iterable[str]) -> str:
    """`" (did you mean 'lr'?)"` if something known is close to the word, else an empty string."""
    close = get_close_matches(str(word), list(known), n=3, cutoff=0.6)
    return f" (did you mean {' or '.join(map(repr, close))}?)" if close else ""


def _check_events(text: str) -> None:
    """Refuse aliases, which multiply, tags, which construct, and depth, before anything is built."""
    depth = 0
    for event in yaml.parse(text, Loader=_Loader):
        if isinstance(event, yaml.AliasEvent):
            raise _refused("aliases are not used here", event)
        if getattr(event, "tag", None) is not None:
            raise _refused(f"tags such as {event.tag!r} are not used here", event)
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        if depth > MAX_DEPTH:
            raise _refused("nested too deeply", event)


def _refused(problem: str, where: yaml.Event | yaml.Node) -> yaml.MarkedYAMLError:
    return yaml.MarkedYAMLError(problem=problem, problem_mark=where.start_mark)


def _one_line(error: yaml.YAMLError) -> str:
    mark = getattr(error, "problem_mark", None)
    place = f" (line {mark.line + 1}, column {mark.column + 1})" if mark else ""
    return f"{getattr(error, 'problem', None) or str(error).splitlines()[0]}{place}"


def _check_plain(value: Any, where: str) -> None:
    """Only what JSON can hold: dates, sets and bytes have no place in a recipe."""
    if isinstance(value, dict):
        for key, item in value.items():
            if not isinstance(key, str):
                raise InputError(f"{where}: the key {key!r} is not a word")
            _check_plain(item, where)
    elif isinstance(value, list):
        for item in value:
            _check_plain(item, where)
    elif isinstance(value, float) and not math.isfinite(value):
        raise InputError(f"{where}: {value} is not a finite number")
    elif value is not None and not isinstance(value, bool | int | float | str):
        raise InputError(f"{where}: {value!r} is a {type(value).__name__}; quote it if text is meant")
