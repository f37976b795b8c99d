"""Which runs count, and which of them may be averaged."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import pandas as pd

from dlbench.recipe import BUDGETS, PARTS
from dlbench.tables.table import Measure, Quoted

TRIAL = ["recipe", "budget", "device", "recipe_digest", "precision", "seed"]


@dataclass(frozen=True, eq=False)
class Group:
    """Runs that differ in their seed alone, so that a mean over them means something: one run a seed, by seed.

    variant: what sets this recipe apart from others of the same name, budget, device (`training.lr=0.05`), or empty.
    """

    recipe: str
    budget: str
    device: str
    digest: str
    runs: pd.DataFrame
    variant: str = ""
    precision: str = "fp32"

    @property
    def resolved(self) -> Mapping[str, Any]:
        """The recipe as resolved, parts as mappings."""
        return dict(self.runs["recipe_json"].iloc[0])

    @property
    def seeds(self) -> list[int]:
        """The seeds that ran, in order."""
        return [int(seed) for seed in self.runs["seed"]]

    def by_seed(self, metric: str) -> dict[int, float]:
        """The metric of every seed that has it."""
        if metric not in self.runs:
            return {}
        found = zip(self.seeds, self.runs[metric].astype(float), strict=True)
        return {seed: float(value) for seed, value in found if not math.isnan(value)}

    def values(self, metric: str) -> list[float]:
        """The metric over the seeds that have it."""
        return list(self.by_seed(metric).values())

    def measure(self, metric: str) -> Measure | None:
        """Mean, deviation and n of the metric; None where no run has it."""
        values = self.values(metric)
        return Measure.of(values) if values else None

    def constant(self, metric: str) -> int | None:
        """A whole number that belongs to the recipe, not to a run, such as its parameters."""
        values = self.values(metric)
        return int(values[0]) if values else None

    def published(self, metric: str) -> Quoted | None:
        """The figure the recipe aims at; None where it names none."""
        figures = self.runs["published"].iloc[0] if "published" in self.runs else None
        if not isinstance(figures, Mapping) or figures.get(metric) is None:
            return None
        return Quoted(figures[metric], str(self.resolved.get("source") or f"recipe {self.recipe}"))

    @property
    def tags(self) -> tuple[str, ...]:
        """The recipe's tags."""
        tags = self.runs["tags"].iloc[0] if "tags" in self.runs else ()
        return tuple(tags) if isinstance(tags, list | tuple) else ()


def counted(runs: pd.DataFrame, statuses: Sequence[str] = ("finished",)) -> pd.DataFrame:
    """One run a trial: of those with a status that counts the one whose status comes first, and then the newest."""
    kept = runs[runs["status"].isin(statuses)]
    order = kept.assign(
        _status=-kept["status"].map({status: rank for rank, status in enumerate(statuses)}).astype(float)
    )
    return (
        order.sort_values(["_status", "started"], kind="stable")
        .drop_duplicates(TRIAL, keep="last")
        .drop(columns="_status")
    )


def groups(runs: pd.DataFrame, statuses: Sequence[str] = ("finished",)) -> list[Group]:
    """The runs that count, in groups that may be averaged, smallest budget first, then in order of appearance."""
    if runs.empty:
        return []
    found: dict[tuple[str, str, str], list[Group]] = {}
    appearance = {name: rank for rank, name in enumerate(dict.fromkeys(runs["recipe"]))}
    for (recipe, budget, device, digest, precision), members in counted(runs, statuses).groupby(TRIAL[:-1], sort=True):
        group = Group(recipe, budget, device, digest, members.sort_values("seed"), precision=precision)
        found.setdefault((recipe, budget, device), []).append(group)
    ordered = sorted(found, key=lambda key: (budget_rank(key[1]), key[2], appearance[key[0]]))
    return [group for key in ordered for group in _told_apart(found[key])]


def of_most_seeds(found: Sequence[Group]) -> list[Group]:
    """Of the variants of each recipe, budget and device the one over most seeds: others are points of a sweep."""
    kept: dict[tuple[str, str, str], Group] = {}
    for group in found:
        key = (group.recipe, group.budget, group.device)
        if key not in kept or len(group.seeds) > len(kept[key].seeds):
            kept[key] = group
    return list(kept.values())


def budget_rank(budget: str) -> int:
    """Smoke before short before full."""
    return BUDGETS.index(budget) if budget in BUDGETS else len(BUDGETS)


def settings(resolved: Mapping[str, Any], parts: Sequence[str] = PARTS) -> dict[str, Any]:
    """A recipe's parts, flattened: `{"training.lr": 0.1, ...}`."""
    flat: dict[str, Any] = {}
    for part in parts:
        flat |= _flattened(part, resolved.get(part, {}))
    return flat


def differences(one: Mapping[str, Any], other: Mapping[str, Any]) -> list[str]:
    """The keys of two flat mappings whose values differ or which only one of them has."""
    return [key for key in dict.fromkeys([*one, *other]) if one.get(key) != other.get(key)]


def _flattened(prefix: str, value: Any) -> dict[str, Any]:
    if not isinstance(value, Mapping):
        return {prefix: value}
    return {name: leaf for key, inner in value.items() for name, leaf in _flattened(f"{prefix}.{key}", inner).items()}


def _told_apart(same_name: list[Group]) -> list[Group]:
    """The groups of one recipe, budget and device, each marked with what it does not share with all the others."""
    if len(same_name) == 1:
        return same_name
    flat = [settings(group.resolved) | {"precision": group.precision} for group in same_name]
    keys = list(dict.fromkeys(key for other in flat[1:] for key in differences(flat[0], other)))
    labels = [", ".join(f"{key}={each[key]}" for key in keys if key in each) for each in flat]
    return [
        replace(group, variant=label if label and labels.count(label) == 1 else f"digest {group.digest}")
        for group, label in zip(same_name, labels, strict=True)
    ]
