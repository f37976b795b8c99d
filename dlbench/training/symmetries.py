"""What may be done to a Boolean function without making it easier or harder for a single unit.

Inputs may change places, inputs may be negated, and the function itself may be: 2^(n+1) n! ways for n inputs. A unit
for the function becomes a unit for the other by the same change (Muroga: Threshold Logic and Its Applications, 1971),
so that of 65,536 functions of four inputs a linear program needs to look at only 222.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dlbench.training.separation import Floats, Unit

Ints = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Symmetries:
    """All s of them: g(x) = f(x') or its negation, where input j of f is input `order[j]` of g, negated or not.

    order: int [s, n]. negated: 0 or 1 [s, n]. complemented: 0 or 1 [s].
    """

    order: Ints
    negated: Ints
    complemented: Ints

    @classmethod
    def of(cls, inputs: int) -> Symmetries:
        """Those of the functions of so many inputs."""
        orders = itertools.permutations(range(inputs))
        signs = list(itertools.product((0, 1), repeat=inputs))
        order, negated, complemented = zip(*itertools.product(orders, signs, (0, 1)), strict=True)
        return cls(np.array(order), np.array(negated), np.array(complemented))

    def tables(self, table: Ints) -> Ints:
        """The truth table [2^n] of f, rows counting upwards -> the truth tables [s, 2^n] of the functions g."""
        inputs = self.order.shape[1]
        rows = np.array(list(itertools.product((0, 1), repeat=inputs)))
        seen = rows.T[self.order] ^ self.negated[:, :, None]  # [s, n, rows]: what f sees where g sees that row
        place = np.tensordot(2 ** np.arange(inputs)[::-1], seen, axes=(0, 1))
        return table[place] ^ self.complemented[:, None]

    def units(self, unit: Unit) -> tuple[Floats, Floats]:
        """A unit of f with whole numbers -> weights [s, n] and thresholds [s] of units that compute the functions g.

        A negated input counts 1 - x: its weight changes sign, and the threshold sinks by it. A unit of whole numbers
        stays silent where w.x <= threshold - 1, that is -w.x >= 1 - threshold.
        """
        weights = np.empty(self.order.shape)
        np.put_along_axis(weights, self.order, np.where(self.negated, -unit.weights, unit.weights), axis=1)
        thresholds = unit.threshold - self.negated @ unit.weights
        other = self.complemented.astype(bool)
        return np.where(other[:, None], -weights, weights), np.where(other, 1 - thresholds, thresholds)


def classes(tables: Ints, symmetries: Symmetries) -> Iterator[tuple[Ints, Ints]]:
    """Group functions, the columns of `tables` [2^n, functions], that symmetries lead into each other.

    Yields (members, ways): the columns of a class, and for each the number of a symmetry that makes it of the first.
    """
    digits = 2 ** np.arange(len(tables))
    codes = digits @ tables
    left = np.ones(len(codes), dtype=bool)
    while left.any():
        reached, ways = np.unique(symmetries.tables(tables[:, np.argmax(left)]) @ digits, return_index=True)
        members = np.flatnonzero(left & np.isin(codes, reached))
        left[members] = False
        yield members, ways[np.searchsorted(reached, codes[members])]
