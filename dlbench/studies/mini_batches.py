"""How far a mini-batch's gradient is from the whole one, and what learning in batches gains."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING

from dlbench.records.groups import Group, Runs
from dlbench.report import columns
from dlbench.report.panels import lines, style
from dlbench.report.panels.style import DARK, LINES
from dlbench.report.table import Table
from dlbench.stats.estimates import Measure, median

if TYPE_CHECKING:
    from matplotlib.figure import Figure

METRIC = re.compile(r"train_batch_(\d+)_relative_error")
KEYS = (*columns.KEYS, "batch_size", "lr")
NOTE = (
    "Relative error: the root of the mean squared distance of a batch's gradient from the whole one, over the latter."
)
SPEED = "The speed is that of the machine that the runs come from: compare it within the table."


def tables(runs: Runs) -> list[Table]:
    """Errors of the estimate, a row a net; then what nets learnt in batches of other sizes."""
    estimated = [group for group in runs.groups if errors(group)]
    taught = [group for group in runs.groups if group not in estimated]
    sizes = sorted({size for group in estimated for size in errors(group)})
    cells: columns.Columns = [*columns.NAMED]
    cells += [(f"error_of_{size}", columns.measured(f"train_batch_{size}_relative_error")) for size in sizes]
    learnt: columns.Columns = [
        *columns.NAMED,
        ("batch_size", columns.setting("training", "batch_size")),
        ("lr", columns.setting("training", "lr")),
        "train_loss",
        "test_error_percent",
        ("median_examples_per_second", lambda group: median(group.values("examples_per_second"))),
    ]
    return [
        columns.table("Gradients of batches against that of all examples", runs, estimated, cells, [NOTE]),
        columns.table("Learning in batches", runs, taught, learnt, [SPEED], KEYS),
    ]


def figure(runs: Runs) -> Figure:
    """The error of the estimate by the size of the batch, before and after learning, on logarithmic axes."""
    shown = [group for group in runs.groups if errors(group)]
    drawn = style.figure("A batch's gradient as an estimate of the whole one", shown, 8, 4.8)
    axes = drawn.subplots()
    style.panel(axes, "", "examples in the batch", "error of its gradient over the whole gradient")
    lines.by_size(axes, [_line(group, place) for place, group in enumerate(shown)])
    if shown:
        axes.set_xscale("log", base=2)
        axes.set_yscale("log")
        axes.axhline(1, color=DARK, linewidth=0.9, linestyle="--")
    return drawn


def errors(group: Group) -> Mapping[int, Measure]:
    """The error of the estimate by size of batch; none of runs that did not measure it."""
    found = {int(match[1]): group.measure(match[0]) for name in group.runs if (match := METRIC.fullmatch(str(name)))}
    return {size: measure for size, measure in found.items() if measure}


def _line(group: Group, place: int) -> lines.Line:
    label = "before learning" if group.setting("training", "name") == "no_learning" else "after learning"
    return lines.Line(label, lines.through(dict(errors(group))), LINES[place], marker="o")
