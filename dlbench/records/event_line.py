"""An event <-> a line of a run file: strict JSON, in which NaN and the infinities, which JSON lacks, are text."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import Any, Final

NOT_FINITE: Final = {"NaN": math.nan, "Infinity": math.inf, "-Infinity": -math.inf}


def line(event: Mapping[str, Any]) -> str:
    """The event as one line, its end included."""
    try:
        return json.dumps(event, allow_nan=False) + "\n"
    except ValueError:
        return json.dumps(_strict(event), allow_nan=False) + "\n"


def number(value: Any) -> Any:
    """What was a number before `line` wrote it; anything else as it is."""
    return NOT_FINITE.get(value, value) if isinstance(value, str) else value


def _strict(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _strict(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_strict(item) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        return "NaN" if math.isnan(value) else f"{'-' if value < 0 else ''}Infinity"
    return value
