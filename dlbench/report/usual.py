"""What a recipe, or a study without a module of its own, gets: a table of its results, and bars and curves."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from dlbench.records import store
from dlbench.records.groups import Group, Runs, seed_range
from dlbench.report.cells import heading
from dlbench.report.notes import finite_test_set, footnotes
from dlbench.report.panels import COSTS, bars, lines, scatter, style
from dlbench.report.table import PUBLISHED, Table
from dlbench.spec import execution
from dlbench.stats.estimates import Measure, median

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

KEYS = ("recipe", "variant", "budget", "device")
FIRST = ("test_error_percent", "test_top5_error_percent", "train_error_percent")
ASIDE = {"loss", "top5_error_percent", "novikoff_bound", "mistakes", "iterations", "converged"}  # unless published
NOT_METRICS = {
    *KEYS, "parameters", "multiply_adds", "seed", "title", "status", "message", "machine", "fingerprint",
    "recipe_digest", "dataset_digest", "started", "path", "train_examples", "test_examples", "steps",
    *execution.SETTINGS, "training_seconds", "wall_seconds", "examples_per_second", "peak_memory_bytes", "joules",
    "published", "recipe_json", "tags",
}  # fmt: skip


def tables(runs: Runs) -> list[Table]:
    """One row for every recipe, budget and device (and for each variant of a recipe, never averaged together).

    Recipes that learn a truth table have no test error; they are shown where there are no others.
    """
    groups = [group for group in runs.groups if not _is_truth_table(group)] or runs.groups
    aside = list(dict.fromkeys(group.recipe for group in runs.groups if group not in groups))
    names, frame = metrics(runs.frame), runs.frame[~runs.frame["recipe"].isin(aside)]
    several = len({group.device for group in groups}) > 1
    rows = [_row(group, names, several) for group in groups]
    notes = footnotes(frame, groups, rows) + finite_test_set(groups) + _without_speed(groups)
    if aside:
        notes.append(f"Truth tables have no test error and are not shown here: {', '.join(aside)}.")
    return [Table.of("Results", _beside(rows), notes, KEYS)]


def figure(runs: Runs, metric: str = "", by: str = "step") -> Figure:
    """Ends as ranked bars, best on top, and beside them how each recipe got there, or what that cost.

    metric: the most telling one if left out. by: what curves go by, or what ends stand against (`panels`).
    """
    chosen = metric or next((name for name in metrics(runs.frame) if any(g.values(name) for g in runs.groups)), "")
    shown = sorted((group for group in runs.groups if group.values(chosen)), key=lambda group: _mean(group, chosen))
    drawn = style.figure("Results", shown, 11, 2.2 + 0.45 * max(len(shown), 4))
    left, right = drawn.subplots(1, 2)
    name = heading(chosen) if chosen else ""
    colours = dict(zip(shown, style.LINES * len(shown), strict=False))
    bars.ranked(left, [bar for group in shown for bar in bars.of_group(group, chosen, colour=colours[group])], name)
    if by in COSTS:
        scatter.against(right, colours, chosen, by)
    else:
        _curves(right, colours, runs, chosen, by)
    return drawn


def _curves(axes: Axes, colours: Mapping[Group, str], runs: Runs, metric: str, by: str) -> None:
    """Learning curves; by seconds only of groups that one machine trained, each run with a clock of its own."""
    shown = [group for group in colours if by != "seconds" or one_machine(group)]
    points = {group: lines.over_seeds(group, runs.curves, metric) for group in shown}
    if by != "step":
        clock = store.clock(Path(path) for group in shown if len(points[group]) for path in group.runs["path"])
        points = {group: lines.by_clock(found, group, clock, by) for group, found in points.items()}
    curves = [lines.Line(group.label, points[group], colours[group]) for group in shown]
    x = {"step": "step", "examples": "examples", "seconds": "seconds of training, mean over seeds"}[by]
    lines.learning(axes, curves, heading(metric) if metric else "", x=x)


def _mean(group: Group, metric: str) -> float:
    return Measure.of(group.values(metric)).mean


def metrics(runs: pd.DataFrame) -> list[str]:
    """The columns that hold a metric, error rates first."""
    numeric = [name for name in runs.select_dtypes("number").columns if name not in NOT_METRICS]
    return [name for name in FIRST if name in numeric] + [name for name in numeric if name not in FIRST]


def one_machine(group: Group) -> bool:
    """Whether all runs of the group come from one machine, so that their speeds may be summarised."""
    return bool(group.runs["fingerprint"].nunique() <= 1)


def _is_truth_table(group: Group) -> bool:
    solved = group.values("train_solved") or group.values("solved")
    return bool(solved) and not group.values("test_error_percent")


def _is_shown(name: str, group: Group) -> bool:
    """Whether a metric is shown: always beside a published figure; one of training only if there is none of test."""
    split, metric = name.split("_", 1) if name.startswith(("train_", "test_")) else ("", name)
    tested = split == "train" and group.values(f"test_{metric}")
    return group.published(name) is not None or not (metric in ASIDE or tested)


def _row(group: Group, names: Sequence[str], several_devices: bool) -> dict[str, Any]:
    row: dict[str, Any] = {
        "recipe": group.recipe,
        "variant": group.variant,
        "budget": group.budget,
        "device": group.device if several_devices else None,
        "seeds": seed_range(group.seeds),
    }
    row |= {name: group.measure(name) if _is_shown(name, group) else None for name in names}
    row["parameters"] = group.constant("parameters")
    figures = group.runs["published"].iloc[0]
    quoted = figures if isinstance(figures, Mapping) else {}
    row |= {PUBLISHED + name: group.published(name) for name in quoted if name != "multiply_adds"}
    speeds = group.values("examples_per_second")
    if speeds and one_machine(group) and not _is_batched(group):
        row |= {
            "median_training_seconds": median(group.values("training_seconds")),
            "median_examples_per_second": median(speeds),
        }
    return row


def _beside(rows: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """The rows with every published column right behind the measured one, where there is one."""
    columns = dict.fromkeys(column for row in rows for column in row)
    order = [
        name
        for column in columns
        if not (column.startswith(PUBLISHED) and column.removeprefix(PUBLISHED) in columns)
        for name in (column, PUBLISHED + column)
    ]
    return [{name: row.get(name) for name in order} for row in rows]


def _is_batched(group: Group) -> bool:
    """Whether all seeds learnt at once as one batched model, so that there is no time of a single seed."""
    return group.resolved.get("together") == "model"


def _without_speed(groups: Sequence[Group]) -> list[str]:
    """A line for each reason that some rows have no time and no speed."""
    reasons = {
        "these runs come from different machines": [group for group in groups if not one_machine(group)],
        "all seeds learn at once as one batched model": [group for group in groups if _is_batched(group)],
    }
    named = {
        why: ", ".join(f"{group.recipe} ({group.budget})" for group in affected) for why, affected in reasons.items()
    }
    return [f"No speed is given for {names}: {why}." for why, names in named.items() if names]
