"""Whether one linear threshold unit can tell two sets of points apart, decided by linear programming.

Minsky and Papert: Perceptrons, 1969; the programs are those of Muroga: Threshold Logic and Its Applications, 1971.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linprog

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
OPTIMAL, INFEASIBLE = 0, 2  # scipy's words for how HiGHS ended
SMALLEST_GAP = 1e-6  # HiGHS keeps to its constraints but for 1e-7


@dataclass(frozen=True, eq=False)
class Unit:
    """Fires where w.x reaches the threshold; w is [d]."""

    weights: Floats
    threshold: float


def smallest_unit(points: Floats, fires: Bools) -> Unit | None:
    """Return the unit that fires on just those points [n, d] where `fires` [n], or None where there is no such unit.

    Of all units with w.x >= threshold where it fires and w.x <= threshold - 1 where not, it is one with the least sum
    of |w|: two units with weights of either sign for each input make that linear. Any unit that tells finitely many
    points apart meets these inequalities once it is scaled up. On the truth tables of AND and OR the answer is the unit
    of 1943: weights 1, threshold 2 or 1. Raises ArithmeticError if the solver comes to no conclusion.
    """
    dimensions = points.shape[1]
    sums = np.column_stack([points, -points, -np.ones(len(points))])  # of w+, w- and the threshold
    found = linprog(
        np.append(np.ones(2 * dimensions), 0.0),
        A_ub=np.where(fires[:, None], -sums, sums),
        b_ub=np.where(fires, 0.0, -1.0),
        bounds=[(0, None)] * (2 * dimensions) + [(None, None)],
        method="highs",
    )
    if found.status not in (OPTIMAL, INFEASIBLE):
        raise ArithmeticError(f"the linear program came to no end: {found.message}")
    if found.status == INFEASIBLE:
        return None
    positive, negative, (threshold,) = np.split(found.x, [dimensions, 2 * dimensions])
    return Unit(positive - negative, float(threshold))


def is_separable(points: Floats, fires: Bools) -> bool:
    """Whether any unit fires on just those points [n, d] where `fires` [n].

    The program widens the gap between the threshold and the nearest sum, with no weight and threshold beyond 1. It has
    a solution, if only with the gap 0, where that of `smallest_unit` has none: on hundreds of points in dozens of
    dimensions the solver at times cannot tell that there is none. Raises ArithmeticError if it comes to no conclusion.
    """
    sums = np.column_stack([points, -np.ones(len(points))])  # of w and the threshold
    unknowns = sums.shape[1]
    found = linprog(
        np.append(np.zeros(unknowns), -1.0),
        A_ub=np.column_stack([np.where(fires[:, None], -sums, sums), np.ones(len(points))]),
        b_ub=np.zeros(len(points)),
        bounds=[(-1, 1)] * unknowns + [(0, None)],
        method="highs",
    )
    if found.status != OPTIMAL:
        raise ArithmeticError(f"the linear program came to no end: {found.message}")
    return bool(-found.fun > SMALLEST_GAP)
