"""Novikoff's bound on the number of mistakes that the perceptron rule can make.

Novikoff: On Convergence Proofs for Perceptrons, 1962: from zero weights, at most (R / gamma)^2 mistakes in whatever
order the examples come, where R is the longest input and gamma the widest margin by which a plane through the origin
separates the classes. The bias counts as a weight on a constant input of 1, so both are taken in that larger space.
"""

from __future__ import annotations

import numpy as np
from scipy.optimize import nnls
from torch import Tensor

BEYOND = 1e12  # a bound this large means a margin of a millionth of R: rounding cannot tell it from none
ROUNDING = 1e-9  # added on top: a run that reaches the bound exactly must not seem to pass it


def novikoff_bound(inputs: Tensor, targets: Tensor) -> float | None:
    """Return (R / gamma)^2 for inputs [n, d] (no bias) and targets 0 or 1 [n]; None if nothing separates them.

    The shortest w with y_i w.x_i >= R has the length R / gamma. Lawson and Hanson (Solving Least Squares Problems,
    1974, chapter 23) turn "shortest vector that meets linear inequalities" into non-negative least squares, whose
    residual r gives |w|^2 = 1 / r^2 - 1 and is zero just when no vector meets them. Seconds for thousands of examples.
    """
    points = np.column_stack([inputs.double().cpu().numpy(), np.ones(len(inputs))])
    signed = points * (2.0 * targets.cpu().numpy()[:, None] - 1.0)
    longest = np.linalg.norm(points, axis=1).max()
    system = np.vstack([signed.T / longest, np.ones(len(points))])
    wanted = np.zeros(len(system))
    wanted[-1] = 1.0
    _, residual = nnls(system, wanted)
    bound = 1.0 / max(residual**2, 0.1 / BEYOND) - 1.0
    return float(bound * (1.0 + ROUNDING)) if bound < BEYOND else None
