"""Bencher Metric Format: benchmark -> measure -> value, lower_value, upper_value.

Source: https://bencher.dev/docs/reference/bencher-metric-format
"""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from dlbench.report.benchmarks import series
from dlbench.report.formats.json import dumped


def measurements(frame: pd.DataFrame, output: Path | None = None) -> str:
    """Every metric of every benchmark, with its interval where it has one."""
    found: dict[str, dict[str, dict[str, float]]] = {}
    for each in series(frame):
        value = {"value": each.estimate.value}
        if each.estimate.has_interval:
            value |= {"lower_value": each.estimate.low, "upper_value": each.estimate.high}
        found.setdefault(each.benchmark, {})[each.metric.name.replace("_", "-")[:64]] = value
    return dumped(found)
