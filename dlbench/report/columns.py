"""Rows of a table by the names of its columns: most cells are looked up, and a study computes only the rest.

A column is a name, or a name and a function of a group. A name alone is looked up: a name of the group (`recipe`,
`variant`, `budget`, `device`), its `seeds`, a whole number that belongs to the recipe (`parameters`), a quoted figure
(`published_test_error_percent`), else the mean of a metric over seeds.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from operator import attrgetter
from typing import Any, Final, TypeAlias

from dlbench.records.groups import Group, Runs, seed_range
from dlbench.report.notes import finite_test_set, footnotes
from dlbench.report.table import PUBLISHED, Table

Cell: TypeAlias = Callable[[Group], Any]
Column: TypeAlias = str | tuple[str, Cell]
Columns: TypeAlias = list[Column]

NAMED: Final[tuple[Column, ...]] = ("recipe", "variant", "budget", "other_device")
KEYS: Final = ("recipe", "variant", "budget", "device")
NAMES: Final = {"recipe", "variant", "budget", "device"}
WHOLE: Final = {"parameters", "multiply_adds", "train_examples", "test_examples", "steps", "support_vectors"}
ERROR: Final = "test_error_percent"


def table(
    title: str,
    runs: Runs,
    groups: Sequence[Group],
    columns: Sequence[Column],
    notes: Iterable[str] = (),
    keys: Sequence[str] = KEYS,
    mixed: Sequence[str] = (),
) -> Table:
    """One row a group under a title, with notes on where the numbers come from.

    runs: all runs that the groups come from; a note says what is left out. keys: the columns that name a row.
    """
    return of_rows(title, runs, groups, rows(groups, columns), notes, keys, mixed)


def of_rows(
    title: str,
    runs: Runs,
    groups: Sequence[Group],
    lines: Sequence[Mapping[str, Any]],
    notes: Iterable[str] = (),
    keys: Sequence[str] = KEYS,
    mixed: Sequence[str] = (),
) -> Table:
    """The same for rows made otherwise than one for each group."""
    others = {group.recipe for group in runs.groups} - {group.recipe for group in groups}  # another table's
    relevant = runs.frame[~runs.frame["recipe"].isin(others)] if others else runs.frame
    about = [*footnotes(relevant, groups, lines), *notes]  # a terminal shows the first of them
    if any(ERROR in line for line in lines):
        about += finite_test_set(groups)
    return Table.of(title, lines, about, keys, mixed)


def rows(groups: Sequence[Group], columns: Sequence[Column]) -> list[dict[str, Any]]:
    """One row a group. `other_device` is the device, unless all groups share it."""
    several = len({group.device for group in groups}) > 1
    cells = [cell for column in columns if (cell := _cell(column, several))]
    return [{name: function(group) for name, function in cells} for group in groups]


def _cell(column: Column, several_devices: bool) -> tuple[str, Cell] | None:
    """A column's name, and what its cells hold."""
    if not isinstance(column, str):
        return column
    if column == "other_device":
        return ("device", attrgetter("device")) if several_devices else None
    if column == "seeds":
        return column, lambda group: seed_range(group.seeds)
    if column in NAMES:
        return column, attrgetter(column)
    if column in WHOLE:
        return column, whole(column)
    if column.startswith(PUBLISHED):
        return column, quoted(column.removeprefix(PUBLISHED))
    return column, measured(column)


def measured(metric: str) -> Cell:
    """Mean, deviation and n of a metric."""
    return lambda group: group.measure(metric)


def whole(metric: str) -> Cell:
    """A whole number that all runs share."""
    return lambda group: group.constant(metric)


def quoted(metric: str) -> Cell:
    """The figure that the recipe aims at."""
    return lambda group: group.published(metric)


def setting(part: str, key: str, usual: Any = None) -> Cell:
    """What the recipe says: `setting("training", "lr")`."""
    return lambda group: group.setting(part, key, usual)


OF_NO_SETTING: Final = ("variant", attrgetter("mark"))  # where other columns have the settings
