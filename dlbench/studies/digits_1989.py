"""The digit nets of 1989 and 1990 against a fully connected one: errors, and what must be refused for 1 % of errors."""

from __future__ import annotations

import re
from typing import Any

import pandas as pd

from dlbench.records.groups import Group, groups
from dlbench.report.notes import finite_test_set, footnotes
from dlbench.report.table import Table

KEYS = ("recipe", "variant", "budget", "device")
QUOTED = ("train_error_percent", "test_error_percent", "test_rejected_percent", "test_mean_squared_error")
NOTES = (
    "Rejected: the share of test digits, those whose two largest outputs lie closest together, without which 1 % of "
    "the others are wrong. Squared error: mean over digits and outputs, targets -1 and 1.",
    "Published figures are of digits from envelopes, of 1990 also of printed ones; measured are digits of MNIST, "
    "as many, at 16x16.",
)
LEFT = re.compile(r"test_rejecting_(\d+)_error_percent")


def digits_1989(runs: pd.DataFrame) -> list[Table]:
    """One row a net; then what is left of its errors, the more it may refuse."""
    runs = runs.reset_index(drop=True)
    found = [group for group in groups(runs) if group.values("test_rejected_percent")]
    several = len({group.device for group in found}) > 1
    rows = [_row(group, several) for group in found]
    left = [_names(group, several) | _left(group) for group in found]
    return [
        Table.of(
            "Handwritten digits in 1989", rows, [*NOTES, *footnotes(runs, found, rows), *finite_test_set(found)], KEYS
        ),
        Table.of("Errors among the accepted, by the share rejected", left, footnotes(runs, found, left), KEYS),
    ]


def curve(group: Group) -> list[tuple[int, str]]:
    """The shares rejected, in per cent from 0 up, and for each the metric that says what is left of the test errors."""
    shares = [(int(match[1]), match[0]) for match in map(LEFT.fullmatch, group.runs.columns) if match]
    return [(0, "test_error_percent"), *sorted(pair for pair in shares if group.values(pair[1]))]


def _row(group: Group, several_devices: bool) -> dict[str, Any]:
    row = _names(group, several_devices)
    for metric in QUOTED:
        row |= {metric: group.measure(metric), f"published_{metric}": group.published(metric)}
    return row | {"parameters": group.constant("parameters"), "published_parameters": group.published("parameters")}


def _left(group: Group) -> dict[str, Any]:
    return {f"rejecting_{share}_error_percent": group.measure(metric) for share, metric in curve(group)}


def _names(group: Group, several_devices: bool) -> dict[str, Any]:
    return {
        "recipe": group.recipe,
        "variant": group.variant,
        "budget": group.budget,
        "device": group.device if several_devices else None,
    }
