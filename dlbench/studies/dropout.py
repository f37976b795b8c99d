"""Ways not to overfit, side by side: weight decay, a bound on the weights' norm, dropout (Srivastava et al. 2014)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from dlbench.records.groups import Group, current, groups
from dlbench.report.notes import finite_test_set, footnotes
from dlbench.report.table import Table
from dlbench.stats.estimates import Estimate, paired_difference

MODEL = "dropout_net"
KEYS = ("budget", "device", "train_examples", "against_overfitting", "variant")
NOTE = (
    "Gain: test error without any of them less that of the row, in percentage points, paired seed by seed, with the 95 "
    "% Student-t interval of the mean. p of dropout is the share of units RETAINED."
)


@dataclass(frozen=True, eq=False)
class Arm:
    """The runs of one net: what keeps it from overfitting, and from how many examples it learns."""

    group: Group

    @property
    def means(self) -> str:
        """What keeps it from overfitting, in words."""
        model, training = self.group.resolved["model"], self.group.resolved["training"]
        dropout = model.get("retain_hidden", 0.5) < 1 or model.get("retain_inputs", 0.8) < 1
        told = ["dropout"] if dropout else []
        told += [f"max-norm {training['max_norm']:g}"] if training.get("max_norm") else []
        told += [f"weight decay {training['weight_decay']:g}"] if training.get("weight_decay") else []
        return " + ".join(told) or "nothing"

    @property
    def examples(self) -> int | None:
        """How many examples it learns from."""
        return self.group.constant("train_examples")

    @property
    def block(self) -> tuple[str | bool | int | None, ...]:
        """Budget, device and the like, and examples: arms that share them are compared."""
        return *self.group.block, self.examples

    def gain(self, plain: Arm) -> Estimate | None:
        """Test error of the plain arm less this one's; None without a shared seed."""
        metric = "test_error_percent"
        found = paired_difference(plain.group.by_seed(metric), self.group.by_seed(metric))
        return found if found.n else None


def dropout(runs: pd.DataFrame) -> list[Table]:
    """A row an arm, most examples first, and among those that share them the largest error first."""
    runs = runs.reset_index(drop=True)
    found = arms(runs)
    now = set(current([arm.group for arm in found]))
    rows = [_row(arm, [other for other in found if {arm.group, other.group} <= now]) for arm in found]
    shown = [arm.group for arm in found]
    notes = [NOTE, *footnotes(runs, shown, rows), *finite_test_set(shown)]
    return [Table.of("Against overfitting", rows, notes, KEYS)]


def arms(runs: pd.DataFrame) -> list[Arm]:
    """All arms that ran, in the order of their recipes, budget by budget, those with most examples first."""
    found = [Arm(group) for group in groups(runs) if group.resolved["model"].get("name") == MODEL]
    places = {(arm.group.budget, arm.group.device): rank for rank, arm in enumerate(reversed(found))}
    return sorted(found, key=lambda arm: (-places[arm.group.budget, arm.group.device], -(arm.examples or 0)))


def _row(arm: Arm, found: Sequence[Arm]) -> dict[str, Any]:
    """found: the arms that it may be compared with."""
    group = arm.group
    plain = next((each for each in found if each.block == arm.block and each.means == "nothing"), None)
    return {
        "budget": group.budget,
        "device": group.device,
        "train_examples": arm.examples,
        "against_overfitting": arm.means,
        "variant": group.mark,
        "train_error_percent": group.measure("train_error_percent"),
        "test_error_percent": group.measure("test_error_percent"),
        "published_test_error_percent": group.published("test_error_percent"),
        "gain_percentage_points": arm.gain(plain) if plain and plain is not arm else None,
        "parameters": group.constant("parameters"),
    }
