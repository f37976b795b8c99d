"""How many things a code tells apart, and what a net knows through it of things it never saw."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import pandas as pd

from dlbench.records.groups import Group, Quoted, groups
from dlbench.report.notes import footnotes
from dlbench.report.table import Table

CODES, THINGS = "codes", "things"  # names of data in a recipe
KEYS = ("budget", "device", "code", "units", "variant")
ACTIVE = "Units: how many the code may use."
LAW = "Hinton, McClelland & Rumelhart 1986: n things of n localist units, 2^n of n distributed ones"
HELD_OUT = "Chance is 50 %. Random: as many units as in the distributed code, active together without any meaning."


def representations(runs: pd.DataFrame) -> list[Table]:
    """Things told apart by code and number of units; then errors on things shown and on things held out."""
    runs = runs.reset_index(drop=True)
    return [
        _table("Things that units tell apart", runs, capacity(groups(runs)), _capacity_row, ACTIVE),
        _table("Things never seen", runs, generalisation(groups(runs)), _error_row, HELD_OUT),
    ]


def capacity(found: Sequence[Group]) -> list[Group]:
    """The groups that count what a code tells apart, block by block, by code and number of units."""
    chosen = [group for group in found if _data(group, "name") == CODES and group.values("train_told_apart")]
    blocks = list(dict.fromkeys((group.budget, group.device) for group in chosen))
    return sorted(chosen, key=lambda group: (blocks.index((group.budget, group.device)), code(group), -units(group)))


def generalisation(found: Sequence[Group]) -> list[Group]:
    """The groups that know some things and are asked about others, largest error first in each block."""
    chosen = [group for group in found if _data(group, "name") == THINGS and group.values("test_error_percent")]
    blocks = list(dict.fromkeys((group.budget, group.device) for group in chosen))
    return sorted(chosen, key=lambda group: (blocks.index((group.budget, group.device)), -_mean_error(group)))


def code(group: Group) -> str:
    """`localist`, `distributed` or `random`."""
    return str(_data(group, "code"))


def units(group: Group) -> int:
    """How many units the code may use."""
    return int(_data(group, "units"))


def _data(group: Group, key: str) -> Any:
    return group.resolved["data"].get(key)


def _mean_error(group: Group) -> float:
    measured = group.measure("test_error_percent")
    return measured.mean if measured else 0.0


def _table(
    title: str,
    runs: pd.DataFrame,
    shown: Sequence[Group],
    row: Callable[[Group], dict[str, Any]],
    note: str,
) -> Table:
    rows = [_block(group) | row(group) for group in shown]
    names = {group.recipe for group in shown}
    return Table.of(title, rows, [note, *footnotes(runs[runs["recipe"].isin(names)], shown, rows)], KEYS)


def _block(group: Group) -> dict[str, Any]:
    return {"budget": group.budget, "device": group.device, "code": code(group), "variant": group.mark}


def _capacity_row(group: Group) -> dict[str, Any]:
    return {
        "units": units(group),
        "things": group.constant("train_examples"),
        "told_apart": group.measure("train_told_apart"),
        "published_told_apart": Quoted(units(group) if code(group) == "localist" else 2 ** units(group), LAW),
    }


def _error_row(group: Group) -> dict[str, Any]:
    return {
        "units": group.resolved["model"]["sizes"][0],
        "things_shown": group.constant("train_examples"),
        "things_held_out": group.constant("test_examples"),
        "train_error_percent": group.measure("train_error_percent"),
        "test_error_percent": group.measure("test_error_percent"),
    }
