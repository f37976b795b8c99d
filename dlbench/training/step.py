"""What a learning rule yields after each update."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from torch import Tensor


@dataclass(frozen=True)
class Step:
    """One update of a learning rule.

    number: steps done so far, from 1. of: the last step's number, unless the rule stops before it.
    examples: how many examples this step looked at.
    loss: detached, 0-d, or [copies] when several copies of a net learn at once; left on its device, so that
    nobody waits for it who does not read it.
    counts: what the rule counts besides its loss, cumulative (`{"mistakes": 3}`), as a tensor [copies] where several
    copies each count for themselves.
    """

    number: int
    of: int
    examples: int
    loss: Tensor
    counts: Mapping[str, float | Tensor] = field(default_factory=dict)
