"""What figures are made of: bars ranked, lines with bands, a grid, pictures; each draws on axes it is given."""

from __future__ import annotations

from typing import Final

AXES: Final = ("step", "examples", "seconds")
"""What a curve can go by."""
COSTS: Final = (
    "training_seconds", "examples_per_second", "joules", "parameters", "multiply_adds", "peak_memory_bytes",
)  # fmt: skip
"""What an end can stand against."""
