"""A mapping: how weights that others published become those of a model here; YAML -> values."""

from __future__ import annotations

import re
from dataclasses import asdict, field
from pathlib import Path
from typing import Any

from pydantic import ConfigDict, TypeAdapter, ValidationError, field_validator
from pydantic.dataclasses import dataclass

from dlbench.errors import InputError
from dlbench.reading import near, read_mapping
from dlbench.spec import catalog

STRICT = ConfigDict(extra="forbid")
RANGE = re.compile(r"(\d{1,6})(?:-(\d{1,6}))?")


def _pattern(text: str) -> str:
    try:
        re.compile(text)
    except re.error as error:
        raise ValueError(f"{text} is no regular expression ({error})") from None
    return text


@dataclass(frozen=True, config=STRICT)
class Channels:
    """Which of their channels, `8-23, 0-7`, each of ours is, in one dimension of tensors whose whole names match."""

    names: str
    dimension: int
    order: str

    _names = field_validator("names")(_pattern)

    @field_validator("order")
    @classmethod
    def _ranges(cls, text: str) -> str:
        if not all(RANGE.fullmatch(piece.strip()) for piece in text.split(",")):
            raise ValueError(f"{text} is no list of numbers and ranges, such as 8-23, 0-7")
        return text

    @property
    def indices(self) -> list[int]:
        """The order, number by number."""
        found = (RANGE.fullmatch(piece.strip()) for piece in self.order.split(","))
        ends = [(int(match[1]), int(match[2] or match[1])) for match in found if match]
        return [number for first, last in ends for number in range(first, last + 1)]


@dataclass(frozen=True, config=STRICT)
class Pixels:
    """What the channels of a pixel in [0, 1] become: (pixel - mean) / deviation."""

    mean: list[float]
    deviation: list[float]


@dataclass(frozen=True, config=STRICT)
class Mapping:
    """names: a pattern for the beginning of a name there -> what stands in its place here, or null to leave it out.

    The first pattern that matches counts, and a name that none matches stays. channels: orders that are not ours.
    pixels: how images are prepared, if not as the recipe says.
    """

    title: str = ""
    source: str = ""
    names: dict[str, str | None] = field(default_factory=dict)
    channels: list[Channels] = field(default_factory=list)
    pixels: Pixels | None = None

    @field_validator("names")
    @classmethod
    def _patterns(cls, names: dict[str, str | None]) -> dict[str, str | None]:
        return {_pattern(text): replacement for text, replacement in names.items()}

    def name(self, theirs: str) -> str | None:
        """What a tensor is called here; None if it is left out. Raises InputError for a replacement that fits not."""
        for pattern, replacement in self.names.items():
            if match := re.match(pattern, theirs):
                try:
                    return None if replacement is None else match.expand(replacement) + theirs[match.end() :]
                except (re.error, IndexError) as error:
                    raise InputError(f"mapping: names: {pattern}: {replacement}: {error}") from None
        return theirs

    def as_dict(self) -> dict[str, Any]:
        """As a worker reads it."""
        return asdict(self)


ADAPTER = TypeAdapter(Mapping)


def load(reference: str) -> Mapping:
    """The mapping in a file, or of those that come with dlbench the one of that name; InputError for anything else."""
    shipped = {file.stem: file for file in sorted((catalog.folder() / "mappings").glob("*.yaml"))}
    is_file = reference.endswith(catalog.ENDINGS) or "/" in reference
    if not is_file and reference not in shipped:
        here = ", ".join(shipped)
        raise InputError(
            f"--mapping {reference}: no such mapping{near(reference, shipped)}; here: {here}, or a YAML file"
        )
    path = Path(reference) if is_file else shipped[reference]
    return from_dict(read_mapping(path), str(path))


def from_dict(record: dict[str, Any], where: str) -> Mapping:
    """The mapping of a dictionary, checked; InputError, beginning with `where`, for anything else."""
    try:
        return ADAPTER.validate_python(record)
    except ValidationError as error:
        problem = error.errors(include_url=False)[0]
        key = ": ".join(map(str, problem["loc"]))
        raise InputError(f"{where}: {key}: {problem['msg'].removeprefix('Value error, ')}") from None
