"""How many of all dichotomies of points a single unit gives, exactly: Cover's function counting theorem.

Cover: Geometrical and Statistical Properties of Systems of Linear Inequalities with Applications in Pattern
Recognition, IEEE Transactions on Electronic Computers EC-14 (1965).
"""

from __future__ import annotations

from fractions import Fraction
from math import comb

LOADS = (1, 1.25, 1.5, 1.75, 2, 2.25, 2.5, 2.75, 3, 3.5, 4)  # points for each weight of the unit


def probability(points: int, weights: int) -> float:
    """Chance that coin tosses label so many points, in general position, as some unit with so many weights does.

    2^(1-N) sum_{k<d} C(N-1, k) for N points and d weights, the threshold among them: that of at most d - 1 heads in
    N - 1 tosses. So it is 1 up to N = d, exactly a half at N = 2d, and next to 0 well beyond.
    """
    return float(Fraction(sum(comb(points - 1, k) for k in range(weights)), 2 ** (points - 1)))


def points_at(load: float, weights: int) -> int:
    """So many points for each weight, to the nearest whole number."""
    return round(load * weights)
