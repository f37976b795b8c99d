"""Measurements -> benchmarks: all values of a metric under a name that is the same from commit to commit."""

from __future__ import annotations

import math
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

from dlbench.judge import measurements, metrics
from dlbench.records import grouping
from dlbench.report.table import Table
from dlbench.stats.estimates import Estimate, Measure, mean_interval

if TYPE_CHECKING:
    import pandas as pd

ENDED: Final = (measurements.FINISHED, measurements.NOT_STEADY)
UNNAMED: Final = ("mode", "batch_size", "fingerprint", "torch", "threads", "jobs")
"""What a mean of speeds takes, besides all that `grouping` asks for."""


@dataclass(frozen=True)
class Series:
    """All values of one metric of one benchmark, and the row of one of them."""

    benchmark: str
    metric: metrics.Metric
    values: tuple[float, ...]
    row: Mapping[str, Any]

    @property
    def estimate(self) -> Estimate:
        """The mean with its 95 % interval, which ends at zero where no value is below."""
        found = mean_interval(self.values)
        return replace(found, low=max(found.low, 0.0)) if found.has_interval and min(self.values) >= 0 else found


def series(frame: pd.DataFrame) -> list[Series]:
    """Every metric that has a better side, of all that ended well in the frame of `measurements.load`.

    Says on standard error what is left out: runs that did not finish, and of a benchmark that was measured on several
    machines, torches, threads or versions of the recipe, its code or its data, all but the newest.
    """
    return [
        Series(name, metric, tuple(map(float, values["value"])), values.iloc[0].to_dict())
        for name, group in _benchmarks(frame).items()
        for key, values in group.groupby("metric", sort=False)
        if (metric := metrics.metric(str(key))).better
    ]


def table(frame: pd.DataFrame) -> Table:
    """One row a benchmark, with the mean and deviation of its usual metrics, or of all if it has none of those."""
    found = series(frame)
    usual = {each.benchmark for each in found if each.metric.name in metrics.DEFAULT}
    rows: dict[str, dict[str, Any]] = {each.benchmark: {"benchmark": each.benchmark} for each in found}
    for each in found:
        if each.metric.name in metrics.DEFAULT or each.benchmark not in usual:
            rows[each.benchmark][each.metric.name] = Measure.of(each.values)
    machines = {(str(each.row["machine"]), str(each.row["torch"])) for each in found}
    notes = ["Mean, standard deviation where there are several values, and their number."]
    notes += [f"Measured on {machine}, torch {torch}." for machine, torch in sorted(machines)]
    notes += grouping.identity_notes(str(each.row["identity"]) for each in found)
    return Table.of("Measurements", list(rows.values()), notes)


def _benchmarks(frame: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """The newest group of rows of each name, in the order in which the names were first met."""
    failed = frame.loc[~frame["status"].isin(ENDED), "path"].nunique()
    if failed:
        _tell(f"{failed} run{'s' if failed > 1 else ''} that did not finish left out")
    ended = frame[frame["status"].isin(ENDED) & (frame["metric"] != "")]
    found: dict[str, list[pd.DataFrame]] = {}
    for group in _groups(ended):
        found.setdefault(_name(group.iloc[0]), []).append(group)
    for name, several in found.items():
        if len(several) > 1:
            _tell(f"{name}: of several machines, torches, threads, recipes, codes or data; the newest is taken")
    return {name: max(several, key=lambda rows: str(rows["date"].max())) for name, several in found.items()}


def _groups(frame: pd.DataFrame) -> Iterator[pd.DataFrame]:
    """The rows that may be averaged, metric by metric, as speeds too."""
    others = frame[list(UNNAMED)].itertuples(index=False, name=None)
    keys = [(*key, *other) for key, other in zip(grouping.identities(frame, "replicate"), others, strict=True)]
    number = {key: place for place, key in enumerate(dict.fromkeys(keys))}
    for _, group in frame.groupby([number[key] for key in keys], sort=False):
        yield group


def _name(row: Mapping[str, Any]) -> str:
    """`resnet-20 short cpu`, `resnet-20 time infer batch 32 cuda:0 bf16 compiled`: the same from commit to commit."""
    parts = [row["recipe"], row["budget"]]
    if row["budget"] == measurements.TIMED:
        size = row["batch_size"]
        known = size is not None and math.isfinite(size)
        parts += [row["mode"], *([f"batch {int(size)}"] if known else [])]
    parts += [row["device"], row["precision"] if row["precision"] != "fp32" else ""]
    channels_first = row["channels_last"] is not None and not row["channels_last"]
    parts += ["compiled" if row["compile"] else "", "CUDA-graphs" if row["cuda_graphs"] else ""]
    parts += ["channels-first" if channels_first else ""]
    return " ".join(filter(None, parts))


def _tell(line: str) -> None:
    print(f"dlbench: {line}", file=sys.stderr)
