"""Measurements -> benchmarks: all values of a metric, under a name that stays the same from commit to commit."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

from dlbench import streams
from dlbench.judge import measurements, metrics
from dlbench.records import grouping
from dlbench.report.table import Table
from dlbench.spec import execution
from dlbench.stats.estimates import Estimate, Measure, mean_interval

if TYPE_CHECKING:
    import pandas as pd

ENDED: Final = (measurements.FINISHED, measurements.NOT_STEADY)
UNNAMED: Final = ("mode", "batch_size", "fingerprint", "torch", "threads", "jobs")
"""Columns in which speeds must agree to be averaged, besides those that `grouping` names."""


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
        mean = mean_interval(self.values)
        return replace(mean, low=max(mean.low, 0.0)) if mean.has_interval and min(self.values) >= 0 else mean


def series(frame: pd.DataFrame) -> list[Series]:
    """Every metric that has a better side, of all finished runs in the frame of `measurements.load`.

    Says on standard error what is left out: runs that did not finish and, where a benchmark was measured on several
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
    all_series = series(frame)
    usual = {entry.benchmark for entry in all_series if entry.metric.name in metrics.DEFAULT}
    rows: dict[str, dict[str, Any]] = {entry.benchmark: {"benchmark": entry.benchmark} for entry in all_series}
    for entry in all_series:
        if entry.metric.name in metrics.DEFAULT or entry.benchmark not in usual:
            rows[entry.benchmark][entry.metric.name] = Measure.of(entry.values)
    machines = {(str(entry.row["machine"]), str(entry.row["torch"])) for entry in all_series}
    notes = ["Mean, standard deviation where there are several values, and their number."]
    notes += [f"Measured on {machine}, torch {torch}." for machine, torch in sorted(machines)]
    notes += grouping.identity_notes(str(entry.row["identity"]) for entry in all_series)
    return Table.of("Measurements", list(rows.values()), notes)


def _benchmarks(frame: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """The newest group of rows of each name, in the order in which the names first appear."""
    failed = frame.loc[~frame["status"].isin(ENDED), "path"].nunique()
    if failed:
        streams.warn([f"{failed} run{'s' if failed > 1 else ''} that did not finish left out"])
    ended = frame[frame["status"].isin(ENDED) & (frame["metric"] != "")]
    groups_by_name: dict[str, list[pd.DataFrame]] = {}
    for group in _groups(ended):
        groups_by_name.setdefault(_name(group.iloc[0]), []).append(group)
    for name, groups in groups_by_name.items():
        if len(groups) > 1:
            why = "of several machines, torches, threads, recipes, codes or data"
            streams.warn([f"{name}: {why}; the newest is taken"])
    return {name: max(groups, key=lambda rows: str(rows["date"].max())) for name, groups in groups_by_name.items()}


def _groups(frame: pd.DataFrame) -> Iterator[pd.DataFrame]:
    """The rows that may be averaged, metric by metric, as speeds too."""
    others = frame[list(UNNAMED)].itertuples(index=False, name=None)
    keys = [(*key, *other) for key, other in zip(grouping.identities(frame, "replicate"), others, strict=True)]
    number = {key: position for position, key in enumerate(dict.fromkeys(keys))}
    for _, group in frame.groupby([number[key] for key in keys], sort=False):
        yield group


def _name(row: Mapping[str, Any]) -> str:
    """`resnet-20 short cpu`, `resnet-20 time infer batch 32 cuda:0 bf16 compiled`: the same from commit to commit."""
    parts = [row["recipe"], row["budget"]]
    if row["budget"] == measurements.TIMED:
        size = row["batch_size"]
        has_size = size is not None and math.isfinite(size)
        parts += [row["mode"], *([f"batch {int(size)}"] if has_size else [])]
    unusual = {name: row[name] for name, usual in execution.USUAL.items() if row[name] not in (None, usual)}
    parts += [
        row["device"],
        *(execution.words(*pair).replace(" ", "-") for pair in unusual.items() if pair[0] != "jobs"),
    ]
    return " ".join(filter(None, parts))
