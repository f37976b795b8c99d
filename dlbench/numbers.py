"""What scores and learning rules return, as plain numbers: checked at once, before hours are spent on it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from dlbench.reading import MAX_INTEGER, quoted

Number = float | int


class NoResult(Exception):
    """A score or a learning rule returned what no run can keep; the message is one line that names it."""


def number(value: Any, what: str) -> Number:
    """A number of Python, numpy or torch (0-d) as Python's own; NoResult, beginning with `what`, for anything else."""
    plain = value.item() if getattr(value, "ndim", None) == 0 and hasattr(value, "item") else value
    if isinstance(plain, bool) or not isinstance(plain, int | float):
        raise NoResult(f"{what} is {quoted(value)}, which is no number")
    if isinstance(plain, int) and abs(plain) > MAX_INTEGER:
        raise NoResult(f"{what} is a whole number of more than 63 bits; give a float")
    return plain


def numbers(values: Any, who: str) -> dict[str, Number]:
    """A dictionary of numbers by name as Python's own; NoResult, beginning with `who`, for anything else."""
    if not isinstance(values, Mapping):
        raise NoResult(f"{who} gives {quoted(values)}, not a dictionary of numbers by name")
    for name in values:
        if not isinstance(name, str) or not name.isprintable():
            raise NoResult(f"{who} gives a number the name {quoted(name)}, which is no printable text")
    return {name: number(value, f"{who}: {name}") for name, value in values.items()}
