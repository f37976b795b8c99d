"""What bounds an operation: arithmetic, memory or launching, by the roofline model.

Williams, Waterman and Patterson 2009, "Roofline: an insightful visual performance model for multicore architectures".
An operation of F FLOP on B bytes takes at least F / peak and B / bandwidth. Over its arithmetic intensity F / B the
attainable speed is a roof of two lines, which meet where both take equally long. The model knows no small operations:
on these, what it costs to launch anything at all is longer than either, and is taken as a third bound.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Bound = Literal["compute", "memory", "launch"]


@dataclass(frozen=True)
class Operation:
    """All calls of one operation in a profile: their seconds, and FLOP and bytes, None where nobody counts them.

    bytes: every tensor that goes in or comes out counted once. It is a lower bound: what an operation writes down on
    the way, or reads twice, is not in it. flop: by torch's formulas; None of what has none, such as an addition.
    """

    name: str
    calls: int
    seconds: float
    flop: int | None = None
    bytes: int | None = None

    @property
    def intensity(self) -> float | None:
        """FLOP per byte; an upper bound, as the bytes are a lower one."""
        return self.flop / self.bytes if self.flop and self.bytes else None


@dataclass(frozen=True)
class Roof:
    """A device's peaks, measured: FLOP and bytes a second, and the seconds of its smallest operation."""

    flop_per_second: float
    bytes_per_second: float
    launch_seconds: float

    @property
    def ridge(self) -> float:
        """The intensity, in FLOP per byte, from which arithmetic takes longer than memory."""
        return self.flop_per_second / self.bytes_per_second

    def at(self, intensity: float) -> float:
        """The attainable FLOP a second at this intensity."""
        return min(self.flop_per_second, intensity * self.bytes_per_second)

    def least_seconds(self, operation: Operation) -> dict[Bound, float]:
        """The time that each bound alone would take for all calls of an operation."""
        return {
            "compute": (operation.flop or 0) / self.flop_per_second,
            "memory": (operation.bytes or 0) / self.bytes_per_second,
            "launch": operation.calls * self.launch_seconds,
        }

    def bound(self, operation: Operation) -> Bound | None:
        """The bound that takes longest; None where the bytes are not known."""
        times = self.least_seconds(operation)
        longest: Bound = max(times, key=times.__getitem__)
        return None if operation.bytes is None else longest

    def share(self, operation: Operation) -> float | None:
        """The longest of these times over what it took: 1 on the roof, more where caches serve; None if not known."""
        known = operation.bytes is not None and operation.seconds > 0
        return max(self.least_seconds(operation).values()) / operation.seconds if known else None
