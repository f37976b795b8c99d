"""Families: the same model trained on more and more examples; and where one family overtakes another."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from dlbench.records.groups import Group, of_most_seeds
from dlbench.stats.estimates import Measure

KEYS = ("budget", "device", "variant", "model", "train_examples")
CROSSING_KEYS = ("budget", "device", "variant", "features", "net")
METRIC = "test_error_percent"
CROSSING_NOTE = (
    "Crossing: where straight lines between the mean errors, over the logarithm of the number of training examples, "
    "meet; it has no interval."
)


@dataclass(frozen=True, eq=False)
class Family:
    """Groups that differ in their number of training examples (and in how long they train), smallest first."""

    groups: tuple[Group, ...]

    @property
    def name(self) -> str:
        """The recipe with the most examples."""
        return self.groups[-1].recipe

    @property
    def convolutional(self) -> bool:
        """Whether its recipes are tagged as convolutional nets."""
        return "convolutional" in self.groups[0].tags

    @property
    def block(self) -> tuple[str | bool, ...]:
        """Budget, device and the like: families that share all of it are compared."""
        return self.groups[0].block

    @property
    def keys(self) -> dict[str, str]:
        """What names the block in a table."""
        first = self.groups[0]
        return {"budget": first.budget, "device": first.device, "variant": first.mark}

    def errors(self) -> dict[int, Measure]:
        """The mean test error at each number of training examples."""
        measures = ((size(group), group.measure(METRIC)) for group in self.groups)
        return {examples: measure for examples, measure in measures if measure}


def size(group: Group) -> int:
    """The number of training examples of this group; 0 if no run says."""
    return group.constant("train_examples") or 0


def families(entries: Sequence[Group]) -> list[Family]:
    """The families of at least two sizes: groups of one block, model, data (but for the size) and learning rule.

    Of a recipe's variants only the one with the most seeds counts.
    """
    members: dict[str, list[Group]] = {}
    for group in of_most_seeds(entries):
        data = {key: value for key, value in group.resolved.get("data", {}).items() if key != "train_examples"}
        parts = [data, group.resolved.get("model"), group.setting("training", "name")]
        key = json.dumps([*group.block, *parts], sort_keys=True)
        members.setdefault(key, []).append(group)
    grown = [Family(tuple(sorted(groups, key=size))) for groups in members.values()]
    return [family for family in grown if len(family.errors()) > 1]


def rows(families: Sequence[Family]) -> list[dict[str, Any]]:
    """One row for each size of each family."""
    return [
        {
            **family.keys,
            "model": family.name,
            "train_examples": examples,
            "convolutional": family.convolutional,
            METRIC: measure,
        }
        for family in families
        for examples, measure in family.errors().items()
    ]


def crossings(families: Sequence[Family]) -> list[dict[str, Any]]:
    """One row for each family of features and family of nets that have at least two sizes in common."""
    nets = [family for family in families if family.convolutional]
    pairs = [(family, net) for net in nets for family in families if not family.convolutional]
    return [_crossing(*pair) for pair in pairs if pair[0].block == pair[1].block and len(_common(*pair)) > 1]


def overtakes(features: Family, net: Family) -> float | None:
    """At how many training examples the net's mean error falls below that of the features; None if it never does so."""
    leads = [(n, net.errors()[n].mean - features.errors()[n].mean) for n in _common(features, net)]
    for (low, behind), (high, ahead) in pairwise(leads):
        if behind >= 0 > ahead:
            return float(low * math.exp(math.log(high / low) * behind / (behind - ahead)))
    return None


def _common(first: Family, second: Family) -> list[int]:
    return sorted(first.errors().keys() & second.errors().keys())


def _crossing(features: Family, net: Family) -> dict[str, Any]:
    sizes = _common(features, net)
    where = overtakes(features, net)
    largest = net.errors()[sizes[-1]].mean < features.errors()[sizes[-1]].mean
    alone = f"the {'net' if largest else 'features'} ahead with {sizes[-1]:,} examples"
    return {
        **net.keys,
        "features": features.name,
        "net": net.name,
        "smallest_train_examples": sizes[0],
        "largest_train_examples": sizes[-1],
        "crossing_train_examples": where and round(where),
        "finding": f"the net ahead from about {float(f'{where:.2g}'):,.0f} examples on"
        if where
        else f"no crossing; {alone}",
    }
