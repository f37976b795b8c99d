"""github-action-benchmark's `customSmallerIsBetter`: the metrics of which less is better."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from dlbench.judge import metrics
from dlbench.report.formats.benchmark_action_bigger import custom


def measurements(frame: pd.DataFrame, output: Path | None = None) -> str:
    """One entry a metric."""
    return custom(frame, metrics.SMALLER)
