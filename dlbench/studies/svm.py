"""Support vector machines, neighbours and nets on the same digits, as they are and with their pixels shuffled."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from dlbench import published
from dlbench.records.groups import Group, Quoted, budget_rank, current, groups, seed_range, settings
from dlbench.report.notes import finite_test_set, footnotes
from dlbench.report.table import Table

KEYS = ("recipe", "variant", "budget", "device")
SMALL_KEYS = ("recipe", "variant", "degree", "budget", "device")
SHUFFLED = "data.permute_pixels"
SAME_FOR_ALL = (
    "Support vector machines and neighbours draw no random numbers: where they ran for several seeds, it is the same "
    "result each time, to pair with the nets'."
)


def svm(runs: pd.DataFrame) -> list[Table]:
    """One row a classifier of MNIST, its error with shuffled pixels beside it; then the small digits, by degree."""
    runs = runs.reset_index(drop=True)
    found = [group for group in groups(runs) if group.values("test_error_percent")]
    several = len({group.device for group in found}) > 1
    twins = shuffled(found)
    whole = [group for group in found if group not in twins.values() and not is_small(group)]
    rows = [_row(group, twins.get(group), several) for group in whole]
    used = [*whole, *(twin for group, twin in twins.items() if group in whole)]
    notes = [SAME_FOR_ALL, *footnotes(runs, used, rows), *finite_test_set(used)]
    tables = [Table.of("Support vector machines against nets", rows, notes, KEYS)]
    small = sorted(filter(is_small, found), key=lambda group: (budget_rank(group.budget), group.device, degree(group)))
    if small:
        steps = [_step(group, several) for group in small]
        about = [*footnotes(runs, small, steps), *finite_test_set(small)]
        tables.append(Table.of("7,291 small digits: a polynomial kernel by its degree", steps, about, SMALL_KEYS))
    return tables


def is_small(group: Group) -> bool:
    """Whether the digits are those of 16x16 pixels that stand in for the digits from envelopes."""
    return bool(settings(group.resolved).get("data.size") == 16)


def degree(group: Group) -> int:
    """The degree of the polynomial kernel; 0 without one."""
    own = settings(group.resolved)
    return int(own["model.degree"]) if own.get("model.kernel") == "polynomial" and "model.degree" in own else 0


def shuffled(found: list[Group]) -> Mapping[Group, Group]:
    """For each classifier that ran on shuffled pixels too, that run: all else is the same."""
    twins: dict[Group, Group] = {}
    now = current(found)
    for group in now:
        own = settings(group.resolved)
        if SHUFFLED not in own:
            continue
        plain = {key: value for key, value in own.items() if key != SHUFFLED}
        for other in now:
            if other.block == group.block and settings(other.resolved) == plain:
                twins[other] = group
    return twins


def published_by_degree() -> Mapping[int, Quoted]:
    """What Cortes and Vapnik report for polynomial kernels, by degree."""
    rows = published.table("svm_usps").to_dict("records")
    return {int(row["degree"]): Quoted(float(row["test_error_percent"]), str(row["source"])) for row in rows}


def _row(group: Group, twin: Group | None, several_devices: bool) -> dict[str, Any]:
    return {
        "recipe": group.recipe,
        "variant": group.variant,
        "budget": group.budget,
        "device": group.device if several_devices else None,
        "seeds": seed_range(group.seeds),
        "train_examples": group.constant("train_examples"),
        "train_error_percent": group.measure("train_error_percent"),
        "test_error_percent": group.measure("test_error_percent"),
        "published_test_error_percent": group.published("test_error_percent"),
        "shuffled_test_error_percent": twin.measure("test_error_percent") if twin else None,
        "support_vectors": group.constant("support_vectors"),
        "parameters": group.constant("parameters") or None,
    }


def _step(group: Group, several_devices: bool) -> dict[str, Any]:
    quoted = published_by_degree().get(degree(group)) or group.published("test_error_percent")
    return {
        "recipe": group.recipe,
        "variant": group.mark,
        "degree": degree(group) or None,
        "budget": group.budget,
        "device": group.device if several_devices else None,
        "train_error_percent": group.measure("train_error_percent"),
        "test_error_percent": group.measure("test_error_percent"),
        "published_test_error_percent": quoted,
        "support_vectors": group.constant("support_vectors"),
    }
