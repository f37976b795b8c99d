"""Sweeps until a net has learnt, beside those reported in 1986; and gates against torch."""

from __future__ import annotations

from typing import Any

import pandas as pd

from dlbench.records.groups import Group, groups
from dlbench.report.notes import footnotes
from dlbench.report.table import Table
from dlbench.stats.estimates import Estimate, Measure, median, wilson_interval

KEYS = ("recipe", "variant", "budget", "device")
NOTES = (
    "Learnt: every output within 0.1 of its target of 0.1 or 0.9, which is a squared error of 0.01 a pattern. "
    "Brackets: Wilson's 95 % interval.",
    "Sweeps: up to the one in which that was so, weights changed once a sweep; a net that never learns counts every "
    "sweep of its budget. Published sweeps are of one run each, but for Chauvin's of two layers: 280 - 33 log2(hidden "
    "units).",
    "As drawn: every row right, mirrored weights cancel to 10 % of the largest, and sizes are in the ratio 1 : 2 : 4, "
    "to 5 points of their shares.",
)


def backprop(runs: pd.DataFrame) -> list[Table]:
    """One table of sweeps, one row a recipe; one of how far the gates' gradients are from torch's."""
    runs = runs.reset_index(drop=True)
    found = groups(runs)
    several = len({group.device for group in found}) > 1
    taught = [group for group in found if is_taught(group)]
    checked = [group for group in found if group.values("train_largest_relative_deviation")]
    return [
        _table(runs, taught, "Sweeps until a net has learnt", _sweeps, several, NOTES),
        _table(runs, checked, "Gradients of a graph of gates against torch's", _gradients, several, ()),
    ]


def is_taught(group: Group) -> bool:
    """Whether these runs count sweeps until they have learnt, and are not there to check gradients."""
    return bool(group.values("sweeps")) and not group.values("train_largest_relative_deviation")


def sweeps_of_converged(group: Group) -> list[float]:
    """The sweeps of every seed that learnt."""
    converged = group.by_seed("converged")
    return [sweeps for seed, sweeps in group.by_seed("sweeps").items() if converged.get(seed) == 1.0]


def share(group: Group, metric: str) -> Estimate | None:
    """The seeds whose metric is 1, in per cent, with Wilson's interval; None where no run has it."""
    values = group.values(metric)
    return wilson_interval(sum(value == 1.0 for value in values), len(values)).scaled(100) if values else None


def _table(
    runs: pd.DataFrame, found: list[Group], title: str, row: Any, several_devices: bool, notes: tuple[str, ...]
) -> Table:
    rows = [_keys(group, several_devices) | row(group) for group in found]
    own = runs[runs["recipe"].isin({group.recipe for group in found})]
    return Table.of(title, rows, [*notes, *footnotes(own, found, rows)], KEYS)


def _keys(group: Group, several_devices: bool) -> dict[str, Any]:
    return {
        "recipe": group.recipe,
        "variant": group.variant,
        "budget": group.budget,
        "device": group.device if several_devices else None,
    }


def _sweeps(group: Group) -> dict[str, Any]:
    learnt = sweeps_of_converged(group)
    return {
        "learnt_percent": share(group, "converged"),
        "sweeps": group.measure("sweeps"),
        "median_sweeps": median(group.values("sweeps")),
        "published_sweeps": group.published("sweeps"),
        "sweeps_where_learnt": Measure.of(learnt) if learnt else None,
        "solved_as_drawn_percent": share(group, "train_solved_as_drawn"),
        "init_range": group.resolved["model"].get("init_range"),
        "lr": group.resolved["training"].get("lr"),
        "parameters": group.constant("parameters"),
    }


def _gradients(group: Group) -> dict[str, Any]:
    return {
        "largest_relative_deviation": f"{max(group.values('train_largest_relative_deviation')):.1e}",
        "gradients": group.constant("train_gradients"),
        "activation": group.resolved["model"].get("activation"),
        "seeds": len(group.seeds),
    }
