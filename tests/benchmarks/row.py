"""A row of the benchmark's table."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Row:
    """What was measured beside the bar it has to meet; `met` is None where the bar is another row's, or none."""

    work: str
    measured: str
    bar: str = ""
    met: bool | None = None
