"""How many digits a number deserves, and how it is written."""

from __future__ import annotations

import math

MOST_PLACES = 4


def negligible(spread: float, value: float) -> bool:
    """Whether a deviation is no more than rounding."""
    return spread <= 1e-9 * max(abs(value), 1e-3)


def places_of_spread(spread: float) -> int:
    """Decimal places that show one significant digit of a deviation, two where it begins with 1."""
    exponent = math.floor(math.log10(spread))
    leading = spread / 10.0**exponent
    return min(max((1 if leading < 1.95 else 0) - exponent, 0), MOST_PLACES)


def places_of_lone(value: float) -> int:
    """Decimal places that show three significant digits of a number without a deviation; none of a whole one."""
    if not math.isfinite(value) or value == int(value):
        return 0
    return min(max(2 - math.floor(math.log10(abs(value))), 0), MOST_PLACES)


def places_of_exact(value: float) -> int:
    """As many as `places_of_lone`, but no trailing zeros: for numbers that somebody chose, such as a learning rate."""
    places = places_of_lone(value)
    digits = f"{value:.{places}f}"
    return len(digits.rstrip("0").partition(".")[2]) if "." in digits else 0


def fixed(value: float, places: int, *, signed: bool = False) -> str:
    """The number with so many decimal places; none from 1000 on, commas from 10000 on (so that years have none).

    What the most places would show as zero, and is not, is written as a power of ten.
    """
    if places == MOST_PLACES and 0 < abs(value) < 0.5 * 10**-places:
        return f"{value:{'+' if signed else ''}.0e}"
    places = 0 if abs(value) >= 1000 else places
    comma = "," if abs(value) >= 9999.5 else ""
    return f"{value:{'+' if signed else ''}{comma}.{places}f}"


def number(value: float) -> str:
    """A number on its own: whole ones as they are, others to three significant digits."""
    if not math.isfinite(value):
        return str(value)
    if 0 < abs(value) < 10 ** (2 - MOST_PLACES):
        return f"{value:.3g}"
    return fixed(value, places_of_exact(value))
