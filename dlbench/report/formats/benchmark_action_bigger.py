"""github-action-benchmark's `customBiggerIsBetter`: the metrics of which more is better."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd

from dlbench.judge import measurements as judged
from dlbench.judge import metrics
from dlbench.report.benchmarks import Series, series
from dlbench.report.formats.json import dumped


def measurements(frame: pd.DataFrame, output: Path | None = None) -> str:
    """One entry a metric."""
    return custom(frame, metrics.BIGGER)


def custom(frame: pd.DataFrame, better: int) -> str:
    """One entry a metric; the tool compares those of one name. Source: its README, "Custom benchmark"."""
    return dumped([_entry(each) for each in series(frame) if each.metric.better == better])


def _entry(each: Series) -> dict[str, Any]:
    entry = {
        "name": f"{each.benchmark}: {each.metric.name}",
        "unit": each.metric.unit or each.metric.name.replace("_", " "),
        "value": each.estimate.value,
    }
    if each.estimate.has_interval:
        entry["range"] = f"± {each.estimate.high - each.estimate.value:.3g}"
    what = ("process", "processes") if each.row["budget"] == judged.TIMED else ("seed", "seeds")
    count = len(each.values)
    about = [f"{count} {what[count > 1]}", each.row["machine"], f"torch {each.row['torch']}"]
    return entry | {"extra": "\n".join(about)}
