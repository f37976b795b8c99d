"""Features fixed before the classifier against features learnt with it, and what each layer of a net is worth."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from dlbench.records.groups import Group, groups, seed_range
from dlbench.report.notes import finite_test_set, footnotes
from dlbench.report.table import Table
from dlbench.stats.estimates import Measure

KEYS = ("budget", "device", "train_examples", "features", "recipe", "variant")
LAYER_KEYS = ("budget", "device", "recipe", "variant", "layer")
PROBE = re.compile(r"test_(?P<layer>.+)_probe_error_percent")
UNTAUGHT = "no_learning"  # the learning rule of a net that keeps the weights it starts from
LAST_MAPS = "pool3"  # the layer on which a net's own classifier stands
FEATURES: Mapping[str, str] = {
    "pixels_linear": "none: raw pixels",
    "hog_linear": "made by hand (HOG)",
    "kmeans_linear": "learnt without labels (k-means)",
}
LINEAR = "linear SVM"


@dataclass(frozen=True, eq=False)
class Entry:
    """Features, what classifies them, and the metric of the group that says how well."""

    features: str
    classifier: str
    group: Group
    metric: str

    @property
    def error(self) -> Measure | None:
        """The test error, in per cent."""
        return self.group.measure(self.metric)


def end_to_end(runs: pd.DataFrame) -> list[Table]:
    """The ways to come by features, worst first; and, of nets, a linear classifier's error on each layer."""
    runs = runs.reset_index(drop=True)
    found = groups(runs)
    ways, layers = [_row(entry) for entry in entries(found)], [row for group in found for row in _layers(group)]
    if len({group.device for group in found}) <= 1:
        ways, layers = ([row | {"device": None} for row in rows] for rows in (ways, layers))
    tables = [
        Table.of(
            "Features fixed and features learnt", ways, [*footnotes(runs, found, ways), *finite_test_set(found)], KEYS
        )
    ]
    if layers:
        about = "A linear SVM fitted to each layer's activations on the training examples, maps averaged down to 4x4."
        tables.append(
            Table.of("What a linear classifier makes of each layer", layers, [about, *footnotes(runs, found, layers)],
                     LAYER_KEYS)
        )  # fmt: skip
    return tables


def entries(found: Sequence[Group]) -> list[Entry]:
    """All ways to come by features, the highest error first within a budget and device."""
    each = [entry for group in found for entry in _entries(group) if entry.error]
    blocks = list(dict.fromkeys((entry.group.budget, entry.group.device) for entry in each))
    return sorted(each, key=lambda entry: (blocks.index((entry.group.budget, entry.group.device)), -_mean(entry)))


def layers(group: Group) -> list[str]:
    """The layers of which the group's runs know a probe's error, in the order of the recipe."""
    names = group.resolved.get("score", {}).get("layers", [])
    probed = {match["layer"] for column in group.runs if (match := PROBE.fullmatch(str(column)))}
    return [name for name in names if name in probed and group.values(probe(name))]


def probe(layer: str) -> str:
    """The metric that holds the probe's error on a layer."""
    return f"test_{layer}_probe_error_percent"


def is_untaught(group: Group) -> bool:
    """Whether the group's nets keep the weights they start from."""
    return bool(group.resolved.get("training", {}).get("name") == UNTAUGHT)


def _entries(group: Group) -> list[Entry]:
    """A net with probes counts by what a linear classifier makes of its last maps and, if taught, as a whole."""
    made = FEATURES.get(group.resolved.get("model", {}).get("name", ""))
    if made:
        return [Entry(made, LINEAR, group, "test_error_percent")]
    kind = "random convolutions" if is_untaught(group) else "learnt with a classifier"
    parts = [Entry(kind, f"{LINEAR} on {LAST_MAPS}", group, probe(LAST_MAPS))]
    if is_untaught(group):
        return parts
    return [*parts, Entry("learnt end to end", "its own classifier", group, "test_error_percent")]


def _mean(entry: Entry) -> float:
    return entry.error.mean if entry.error else 0.0


def _row(entry: Entry) -> dict[str, Any]:
    group = entry.group
    return {
        "budget": group.budget,
        "device": group.device,
        "train_examples": group.constant("train_examples"),
        "features": entry.features,
        "recipe": group.recipe,
        "variant": group.variant,
        "classifier": entry.classifier,
        "seeds": seed_range(group.seeds),
        "test_error_percent": entry.error,
    }


def _layers(group: Group) -> list[dict[str, Any]]:
    """One row a layer, first layer first."""
    return [
        {
            "budget": group.budget,
            "device": group.device,
            "recipe": group.recipe,
            "variant": group.variant,
            "layer": layer,
            "weights": "as drawn" if is_untaught(group) else "learnt",
            "test_error_percent": group.measure(probe(layer)),
        }
        for layer in layers(group)
    ]
