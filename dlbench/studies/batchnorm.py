"""A net with and without batch normalisation, and the grid of rates and first weights searched for each."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from dlbench.records.groups import Group, current, groups, of_most_seeds
from dlbench.report.notes import finite_test_set, footnotes
from dlbench.report.table import Table
from dlbench.stats.numerals import number

MODEL = "batchnorm_net"
KEYS = ("budget", "device", "variant", "net", "init_sd")
ACCURATE_PERCENT = 5.0  # the test error that counts as learnt where steps are counted; the study's claims say the same
GRID = "The grid: test error after the last step, by rate and sd of the first weights"


@dataclass(frozen=True, eq=False)
class Point:
    """The runs of one net with one pair of settings."""

    group: Group

    @property
    def net(self) -> str:
        """What stands before the sigmoid."""
        return "batch normalisation" if self._of("model", "batch_norm") else "plain"

    @property
    def init_sd(self) -> float:
        """Standard deviation of the first weights."""
        return float(self._of("model", "init_sd"))

    @property
    def lr(self) -> float:
        """The learning rate."""
        return float(self._of("training", "lr"))

    @property
    def block(self) -> tuple[str, str, str]:
        """Budget, device and the like: only points that share all of it are compared."""
        return self.group.budget, self.group.device, self.group.mark

    @property
    def settings(self) -> tuple[bool, float, float]:
        """Normalised or not, sd and rate, in the order of the tables: plain nets first."""
        return self.net != "plain", self.init_sd, self.lr

    def _of(self, part: str, key: str) -> Any:
        return self.group.resolved[part][key]


def batchnorm(runs: pd.DataFrame) -> list[Table]:
    """The nets at the settings that their recipes name, over seeds; and every pair of the grid, seed 0."""
    runs = runs.reset_index(drop=True)
    found = points(runs)
    nets = [_row(point) for point in recipes(found)]
    shown = [point.group for point in recipes(found)]
    cells = list(_grid(found))
    searched = [point.group for point in found]
    tables = [
        Table.of(
            "With and without batch normalisation",
            nets,
            [*footnotes(runs[runs.index.isin(_rows(shown))], shown, nets), *finite_test_set(shown)],
            ("budget", "device", "recipe", "variant"),
        )
    ]
    if cells:
        tables.append(Table.of(GRID, cells, footnotes(runs, searched, cells), KEYS))
    return tables


def points(runs: pd.DataFrame) -> list[Point]:
    """All settings that ran, of the net that this is about, with the code and the data as they are now."""
    return [Point(group) for group in current(groups(runs)) if group.resolved["model"].get("name") == MODEL]


def recipes(found: Sequence[Point]) -> list[Point]:
    """Of each recipe, budget and device the point with the most seeds: the settings that its file names."""
    return [Point(group) for group in of_most_seeds([point.group for point in found])]


def grid(found: Sequence[Point]) -> list[Point]:
    """The points of recipes that ran with several settings, each pair of settings once; empty without any search."""
    searched = {point.group.recipe for point in found if point.group.variant != point.group.mark}
    once: dict[tuple[Any, ...], Point] = {}
    for point in found:
        if point.group.recipe in searched and 0 in point.group.seeds:
            once.setdefault((*point.block, *point.settings), point)
    return [once[key] for key in sorted(once)]


def _row(point: Point) -> dict[str, Any]:
    group = point.group
    return {
        "budget": group.budget,
        "device": group.device,
        "recipe": group.recipe,
        "variant": group.mark,
        "net": point.net,
        "init_sd": point.init_sd,
        "lr": point.lr,
        "steps": group.constant("steps"),
        "train_error_percent": group.measure("train_error_percent"),
        "test_error_percent": group.measure("test_error_percent"),
        "parameters": group.constant("parameters"),
        "published_parameters": group.published("parameters"),
    }


def _grid(found: Sequence[Point]) -> Iterator[dict[str, Any]]:
    """A row for each net and sd, a column for each rate."""
    lines: dict[tuple[Any, ...], dict[str, Any]] = {}
    for point in grid(found):
        key = (*point.block, point.net, point.init_sd)
        line = lines.setdefault(key, dict(zip(KEYS, key, strict=True)))
        line[f"at_lr_{number(point.lr)}_percent"] = point.group.by_seed("test_error_percent")[0]
    yield from lines.values()


def _rows(shown: Sequence[Group]) -> set[Any]:
    return {row for group in shown for row in group.runs.index}
