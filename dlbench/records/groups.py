"""Runs in groups that may be averaged, as tables, claims and figures look at them; `grouping` has the rules."""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal

import pandas as pd

from dlbench.records import grouping
from dlbench.records.grouping import Identity
from dlbench.spec.recipe import BUDGETS, PARTS
from dlbench.stats.estimates import Estimate, Measure, paired_difference

COUNTED = ("finished", "diverged")  # what any table or figure may count
UNTIL_LEARNT = ("sweeps", "mistakes", "iterations", "steps")  # counts that go up to where training stops by itself


@dataclass(frozen=True)
class Quoted:
    """A figure from elsewhere, and from where. `text` says it where the bare value says too little (`>60`)."""

    value: float | str
    source: str
    text: str = ""

    def __str__(self) -> str:
        return self.text or str(self.value)


class Runs:
    """Runs as studies see them: grouped once, however many studies ask.

    frame: one row a run, as `store.load` has them, finished or not.
    """

    def __init__(
        self,
        frame: pd.DataFrame,
        curves: Callable[[], pd.DataFrame] = pd.DataFrame,
        grouped: Callable[[], list[Group]] | None = None,
    ) -> None:
        """curves: reads `store.curves` when it is first needed. grouped: the groups of the frame, if known already."""
        self.frame = frame
        self._curves = curves
        self._grouped = grouped

    @functools.cached_property
    def curves(self) -> pd.DataFrame:
        """One row for each score during training, as `store.curves` has them; empty where there is none."""
        return self._curves()

    @functools.cached_property
    def groups(self) -> list[Group]:
        """The finished runs in groups that may be averaged, smallest budget first."""
        return self._grouped() if self._grouped else groups(self.frame)

    @functools.cached_property
    def ended(self) -> list[Group]:
        """The groups with runs that diverged, which a solve rate counts as not solved."""
        return groups(self.frame, COUNTED)

    def of(self, recipes: Collection[str]) -> Runs:
        """The runs of the recipes of these names."""
        return Runs(
            _of(self.frame, recipes),
            lambda: _of(self.curves, recipes),
            lambda: [group for group in self.groups if group.recipe in recipes],
        )

    def of_one_kind(self) -> Runs:
        """The runs that one picture may show: of current code, one budget, one device and one way to compute.

        The budget is the largest one that has at least half as many recipes as any other.
        """
        frame = of_one_block(self.frame)
        if frame.empty:
            return self
        budget, device = _block_to_show(groups(frame, COUNTED))
        return Runs(frame[(frame["budget"] == budget) & (frame["device"] == device)], lambda: self.curves)


def _of(frame: pd.DataFrame, recipes: Collection[str]) -> pd.DataFrame:
    return frame[frame["recipe"].isin(recipes)] if len(frame) else frame


def _block_to_show(groups: Sequence[Group]) -> tuple[str, str]:
    recipes: dict[tuple[str, str], set[str]] = {}
    for group in groups:
        recipes.setdefault((group.budget, group.device), set()).add(group.recipe)
    most = max(map(len, recipes.values()), default=0)
    wide = [block for block, names in recipes.items() if 2 * len(names) >= most]
    return max(wide, key=lambda block: (budget_rank(block[0]), len(recipes[block])), default=("", ""))


@dataclass(frozen=True, eq=False)
class Group:
    """Runs that differ in their seed alone, so that they may be averaged: one run a seed, in order of seeds.

    variant: how this group differs from others of its recipe, budget and device (`training.lr=0.05, code 1a2b`), or
    empty. mark: the part of it that is no setting of the recipe (`code 1a2b`).
    """

    recipe: str
    budget: str
    device: str
    digest: str
    runs: pd.DataFrame
    variant: str = ""
    precision: str = "fp32"
    identity: Identity = field(default_factory=Identity)
    mark: str = ""

    @property
    def block(self) -> tuple[str | bool, ...]:
        """What it has in common with the groups of other recipes that it may be compared with."""
        return (*self._conditions, "" if self._chosen_by == "recipe" else self.precision)

    def is_comparable(self, other: Group) -> bool:
        """Whether both ran in the same way; precisions may differ only if a recipe asks for it and no user did.

        Two recipes that leave the choice to the device are meant to have the same precision.
        """
        chosen = {self._chosen_by, other._chosen_by}
        meant = "recipe" in chosen and "user" not in chosen
        return self._conditions == other._conditions and (meant or self.precision == other.precision)

    @property
    def _conditions(self) -> tuple[str | bool, ...]:
        return self.identity._replace(budget=self.budget, device=self.device).conditions

    @property
    def _chosen_by(self) -> Literal["recipe", "device", "user"]:
        """Who chose the precision."""
        asked = self.resolved.get("precision", "fp32")
        return "device" if asked == "auto" else "recipe" if asked == self.precision else "user"

    @property
    def newest(self) -> str:
        """When its newest run began."""
        return str(max(self.runs["date" if "date" in self.runs else "started"]))

    @property
    def saw_several_data_sets(self) -> bool:
        """Whether each seed has data of its own."""
        return "dataset_digest" in self.runs and bool(self.runs["dataset_digest"].nunique() > 1)

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
        pairs = zip(self.seeds, self.runs[metric].astype(float), strict=True)
        return {seed: float(value) for seed, value in pairs if not math.isnan(value)}

    def values(self, metric: str) -> list[float]:
        """The metric over the seeds that have it."""
        return list(self.by_seed(metric).values())

    def measure(self, metric: str) -> Measure | None:
        """Mean, deviation and n of the metric; None where no run has it."""
        values = self.by_seed(metric)
        return Measure.of(list(values.values()), len(self.never(metric) & values.keys())) if values else None

    def never(self, metric: str) -> frozenset[int]:
        """The seeds whose count is only a lower bound: training ended before they had learnt."""
        if metric not in UNTIL_LEARNT:
            return frozenset()
        if converged := self.by_seed("converged"):
            return frozenset(seed for seed, value in converged.items() if not value)
        most = self._most_steps
        return frozenset(seed for seed, steps in self.by_seed("steps").items() if most and steps >= most)

    @property
    def _most_steps(self) -> int:
        """Where a learning rule that stops by itself is cut off; 0 for a rule that does not stop."""
        stops = self.setting("training", "name") == "perceptron_rule" or self.setting("training", "stop_after_right")
        return int(self.setting("training", "sweeps") or self.setting("training", "sequences", 0)) if stops else 0

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

    def setting(self, part: str, key: str, usual: Any = None) -> Any:
        """What the recipe says in a part of it: `setting("training", "lr")`; `usual` where it says nothing."""
        return (self.resolved.get(part) or {}).get(key, usual)

    def difference(self, other: Group, metric: str) -> Estimate | None:
        """Its metric less the other's, paired by seed, with Student's interval; None without a shared seed."""
        difference = paired_difference(self.by_seed(metric), other.by_seed(metric))
        return difference if difference.n else None

    @property
    def label(self) -> str:
        """The recipe's name, with its variant."""
        return f"{self.recipe} ({self.variant})" if self.variant else self.recipe

    @property
    def tags(self) -> tuple[str, ...]:
        """The recipe's tags."""
        tags = self.runs["tags"].iloc[0] if "tags" in self.runs else ()
        return tuple(tags) if isinstance(tags, list | tuple) else ()


def counted(runs: pd.DataFrame, statuses: Sequence[str] = ("finished",)) -> pd.DataFrame:
    """One run a trial: among those with one of the statuses the one whose status comes first, then the newest.

    A column `_identity` is added; runs that have it in common may be averaged.
    """
    chosen = runs[runs["status"].isin(statuses)]
    return _newest(chosen.assign(_identity=grouping.identities(chosen)), statuses)


def groups(runs: pd.DataFrame, statuses: Sequence[str] = ("finished",)) -> list[Group]:
    """The runs that count, in groups that may be averaged, smallest budget first, then in order of appearance."""
    if runs.empty:
        return []
    groups_by_name: dict[tuple[str, str, str], list[Group]] = {}
    appearance = {name: rank for rank, name in enumerate(dict.fromkeys(runs["recipe"]))}
    chosen = counted(runs, statuses)
    members: dict[Identity, list[int]] = {}
    for row, identity in enumerate(chosen.pop("_identity")):
        members.setdefault(identity, []).append(row)
    for identity in sorted(members):
        key = identity.recipe, identity.budget, identity.device
        rows = chosen.iloc[members[identity]].sort_values("seed")
        group = Group(*key, identity.digest, rows, precision=identity.precision, identity=identity)
        groups_by_name.setdefault(key, []).append(group)
    ordered = sorted(groups_by_name, key=lambda key: (budget_rank(key[1]), key[2], appearance[key[0]]))
    return [group for key in ordered for group in _labelled(groups_by_name[key])]


def _newest(identified: pd.DataFrame, statuses: Sequence[str]) -> pd.DataFrame:
    rank = {status: -position for position, status in enumerate(statuses)}
    order = identified.assign(_status=identified["status"].map(rank).astype(float))
    age = "date" if "date" in order else "started"
    order = order.sort_values(["_status", age], kind="stable").drop(columns="_status")
    return order.drop_duplicates(["_identity", "seed"], keep="last")


def current(groups: Sequence[Group]) -> list[Group]:
    """Of groups that differ in code or data alone, the newest: results of several recipes rest on these."""
    newest: dict[tuple[Any, ...], Group] = {}
    for group in groups:
        key = (group.recipe, group.digest, *group.block)
        if key not in newest or group.newest > newest[key].newest:
            newest[key] = group
    chosen = set(newest.values())
    return [group for group in groups if group in chosen]


def of_one_block(runs: pd.DataFrame) -> pd.DataFrame:
    """The runs that one picture may show: current ones, and for each budget and device only one way to compute.

    It is the one with most recipes; of several the newest.
    """
    candidates = current(groups(runs, COUNTED))
    blocks: dict[tuple[str, str], dict[tuple[Any, ...], list[Group]]] = {}
    for group in candidates:
        blocks.setdefault((group.budget, group.device), {}).setdefault(group.block, []).append(group)
    chosen = [max(kinds.values(), key=_width) for kinds in blocks.values()]
    rows = [row for members in chosen for group in members for row in group.runs.index]
    return runs[runs.index.isin(rows) | ~runs["status"].isin(COUNTED)] if rows else runs


def _width(members: Sequence[Group]) -> tuple[int, str]:
    return len({group.recipe for group in members}), max(group.newest for group in members)


def of_most_seeds(groups: Sequence[Group]) -> list[Group]:
    """Of the current variants of each recipe the one with most seeds: others are points of a sweep."""
    largest: dict[tuple[Any, ...], Group] = {}
    for group in current(groups):
        key = (group.recipe, *group.block)
        if key not in largest or len(group.seeds) > len(largest[key].seeds):
            largest[key] = group
    return list(largest.values())


def budget_rank(budget: str) -> int:
    """Smoke before short before full."""
    return BUDGETS.index(budget) if budget in BUDGETS else len(BUDGETS)


def settings(resolved: Mapping[str, Any], parts: Sequence[str] = PARTS) -> dict[str, Any]:
    """A recipe's parts, flattened: `{"training.lr": 0.1, ...}`."""
    flat: dict[str, Any] = {}
    for part in parts:
        flat |= _flattened(part, resolved.get(part, {}))
    return flat


def differences(first: Mapping[str, Any], second: Mapping[str, Any]) -> list[str]:
    """The keys of two flat mappings whose values differ or which only one of them has."""
    return [key for key in dict.fromkeys([*first, *second]) if first.get(key) != second.get(key)]


def _flattened(prefix: str, value: Any) -> dict[str, Any]:
    if not isinstance(value, Mapping):
        return {prefix: value}
    return {name: leaf for key, inner in value.items() for name, leaf in _flattened(f"{prefix}.{key}", inner).items()}


def _labelled(same_name: list[Group]) -> list[Group]:
    """The groups of one recipe, budget and device, each labelled with what not all of them share."""
    if len(same_name) == 1:
        return same_name
    settings_by_digest = {group.digest: settings(group.resolved) for group in same_name}
    labels = _labels([{key: f"{key}={value}" for key, value in flat.items()} for flat in settings_by_digest.values()])
    named = {
        digest: label
        if label and labels.count(label) == 1
        else f"digest {digest}"
        if len(settings_by_digest) > 1
        else ""
        for digest, label in zip(settings_by_digest, labels, strict=True)
    }
    marks = _labels([group.identity.marks for group in same_name])
    return [
        replace(group, variant=", ".join(filter(None, [named[group.digest], mark])), mark=mark)
        for group, mark in zip(same_name, marks, strict=True)
    ]


def _labels(words: Sequence[Mapping[str, str]]) -> list[str]:
    """For each mapping the words that not all of them share, in the order of the first mapping's keys."""
    differing = dict.fromkeys(key for mapping in words[1:] for key in differences(words[0], mapping))
    keys = list(dict.fromkeys([*(key for key in words[0] if key in differing), *differing]))
    return [", ".join(filter(None, (mapping.get(key) for key in keys))) for mapping in words]


def seed_range(seeds: Iterable[int]) -> str:
    """Seeds as `--seeds` takes them: 0, 1, 2, 7 -> `0-2,7`."""
    spans: list[list[int]] = []
    for seed in sorted(set(seeds)):
        if spans and seed == spans[-1][1] + 1:
            spans[-1][1] = seed
        else:
            spans.append([seed, seed])
    return ",".join(str(first) if first == last else f"{first}-{last}" for first, last in spans)
