"""The nets of the degradation study: runs whose recipe says how deep the net is and whether it has shortcuts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import pandas as pd

from dlbench import published
from dlbench.records.groups import Group, Quoted, groups, settings

KINDS = ("plain", "residual")
COMPARED = ("model.depth", "model.shortcut")


@dataclass(frozen=True, eq=False)
class Net:
    """The runs of one net: a kind (see `kind_of`) and a depth in learned layers."""

    kind: str
    depth: int
    group: Group
    mark: str = ""  # what sets it apart from another net of its kind and depth: the variant, or the recipe's name

    @property
    def block(self) -> tuple[str | bool, ...]:
        """Budget, device and the like: only nets that share all of it are compared."""
        return self.group.block

    @property
    def settings(self) -> dict[str, Any]:
        """Everything the recipe says but the depth and the shortcuts, flattened: what compared nets should share."""
        return {key: value for key, value in settings(self.group.resolved).items() if key not in COMPARED}

    @property
    def is_the_papers(self) -> bool:
        """Whether the literature's figures are about this very net on this very data set."""
        resolved = self.group.resolved
        names = [resolved.get(part, {}).get("name") for part in ("model", "data")]
        return names == ["resnet", "cifar10"]

    def published(self, figure: str) -> Quoted | None:
        """The CIFAR-10 test error in per cent that the literature gives (figure: paper, reading, re-measurement)."""
        return literature(self.kind, self.depth, figure) if self.is_the_papers else None


def by_depth(runs: pd.DataFrame) -> list[Net]:
    """The nets among the runs, block by block, by depth, plain before residual."""
    found = []
    for group in groups(runs):
        model = group.resolved.get("model", {})
        if "depth" in model and "shortcut" in model:
            found.append(Net(kind_of(str(model["shortcut"])), int(model["depth"]), group))
    order = list(dict.fromkeys((net.group.budget, net.group.device) for net in found))
    return sorted(
        _marked(found), key=lambda net: (order.index((net.group.budget, net.group.device)), net.depth, net.kind)
    )


def _marked(found: Sequence[Net]) -> list[Net]:
    """The nets, marked by their recipe's name as well where several recipes make the same net."""
    names: dict[tuple[Any, ...], set[str]] = {}
    for net in found:
        names.setdefault((net.block, net.kind, net.depth), set()).add(net.group.recipe)
    several = [len(names[net.block, net.kind, net.depth]) > 1 for net in found]
    return [
        replace(net, mark=" ".join(filter(None, [net.group.recipe if many else "", net.group.variant])))
        for net, many in zip(found, several, strict=True)
    ]


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
    return Quoted(
        float(row["test_error_percent"]), row["source"], row["shown"] if isinstance(row["shown"], str) else ""
    )
