"""The nets of the degradation study: runs whose recipe says how deep the net is and whether it has shortcuts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pandas as pd

from dlbench import published
from dlbench.tables.selection import Group, groups, settings
from dlbench.tables.table import Quoted

KINDS = ("plain", "residual")
TRAINED_ON = ("data", "training", "score")


@dataclass(frozen=True, eq=False)
class Net:
    """The runs of one net: a kind (see `kind_of`) and a depth in learned layers."""

    kind: str
    depth: int
    group: Group

    @property
    def block(self) -> tuple[str, str]:
        """Budget and device: only nets that share both are compared."""
        return self.group.budget, self.group.device

    @property
    def schedule(self) -> dict[str, Any]:
        """Everything the recipe says except which net it is, flattened."""
        return settings(self.group.resolved, TRAINED_ON)

    @property
    def is_the_papers(self) -> bool:
        """Whether the literature's figures are about this very net on this very data set."""
        resolved = self.group.resolved
        return resolved["model"].get("name") == "resnet" and resolved.get("data", {}).get("name") == "cifar10"

    def published(self, figure: str) -> Quoted | None:
        """The CIFAR-10 test error in per cent that the literature gives for it (figure: paper, reading, re-measurement)."""
        return literature(self.kind, self.depth, figure) if self.is_the_papers else None


def nets(runs: pd.DataFrame) -> list[Net]:
    """The nets among the runs, block by block, by depth, plain before residual."""
    found = []
    for group in groups(runs):
        model = group.resolved.get("model", {})
        if "depth" in model and "shortcut" in model:
            found.append(Net(kind_of(str(model["shortcut"])), int(model["depth"]), group))
    order = list(dict.fromkeys(net.block for net in found))
    return sorted(found, key=lambda net: (order.index(net.block), net.depth, net.kind))


def kind_of(shortcut: str) -> str:
    """`none` -> plain, `A` -> residual (the paper's CIFAR nets), `B` -> residual B."""
    return {"none": "plain", "A": "residual"}.get(shortcut, f"residual {shortcut}")


def literature(kind: str, depth: int, figure: str) -> Quoted | None:
    """A published CIFAR-10 test error in per cent; None where nobody gives one."""
    table = published.table("resnet_cifar10")
    rows = table[(table["net"] == kind) & (table["depth"] == depth) & (table["kind"] == figure)]
    if rows.empty:
        return None
    row = rows.iloc[0]
    return Quoted(float(row["test_error_percent"]), row["source"], row["shown"] if isinstance(row["shown"], str) else "")
