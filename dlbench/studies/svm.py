"""Support vector machines, neighbours and nets on the same digits, as they are and with their pixels shuffled."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from dlbench import published
from dlbench.records.groups import Group, Quoted, Runs, budget_rank, current, settings
from dlbench.report import columns
from dlbench.report.panels import bars, lines, style
from dlbench.report.panels.style import BLUE, ORANGE, VERMILION, nothing
from dlbench.report.table import Table

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

ERROR = "test_error_percent"
KEYS = ("recipe", "variant", "degree", "budget", "device")
SHUFFLED = "data.permute_pixels"
SAME_FOR_ALL = (
    "Support vector machines and neighbours draw no random numbers: where they ran for several seeds, it is the same "
    "result each time, to pair with the nets'."
)


def tables(runs: Runs) -> list[Table]:
    """One row a classifier of MNIST, its error with shuffled pixels beside it; then the small digits, by degree."""
    groups = [group for group in runs.groups if group.values(ERROR)]
    twins = shuffled(groups)
    whole = [group for group in groups if group not in twins.values() and not is_small(group)]
    cells: columns.Columns = [
        *columns.NAMED, "seeds", "train_examples", "train_error_percent", ERROR, f"published_{ERROR}",
        (f"shuffled_{ERROR}", lambda group: twins[group].measure(ERROR) if group in twins else None), "support_vectors",
        ("parameters", lambda group: group.constant("parameters") or None),
    ]  # fmt: skip
    used = [*whole, *(twin for group, twin in twins.items() if group in whole)]
    rows = columns.rows(whole, cells)
    made = [columns.of_rows("Support vector machines against nets", runs, used, rows, [SAME_FOR_ALL])]
    small = sorted(filter(is_small, groups), key=lambda group: (budget_rank(group.budget), group.device, degree(group)))
    if small:
        names: columns.Columns = [
            "recipe",
            columns.OF_NO_SETTING,
            ("degree", lambda group: degree(group) or None),
            "budget",
        ]
        errors: columns.Columns = [
            "other_device",
            "train_error_percent",
            ERROR,
            (f"published_{ERROR}", _quoted),
            "support_vectors",
        ]
        title = "7,291 small digits: a polynomial kernel by its degree"
        made.append(columns.table(title, runs, small, [*names, *errors], keys=KEYS))
    return made


def figure(runs: Runs) -> Figure:
    """Left a bar or two a classifier of MNIST, right a line of errors by degree."""
    groups = [group for group in runs.groups if group.values(ERROR)]
    degrees = sorted((group for group in groups if is_small(group) and degree(group)), key=degree)
    twins = shuffled(groups)
    whole = [group for group in groups if group not in twins.values() and not is_small(group)]
    ranked = [bar for group in whole for bar in _bars(group, twins)]
    used = [*whole, *twins.values(), *degrees]
    drawn = style.figure("Support vector machines against nets", used, 11, 2.4 + 0.4 * max(len(ranked), 5))
    left, right = drawn.subplots(1, 2, width_ratios=(3, 2))
    bars.ranked(left, ranked, "test error (%), MNIST", empty="no classifier has finished")
    _degrees(right, degrees)
    keys = [style.key("pixels in place", BLUE), style.key("pixels shuffled", ORANGE)]
    style.legend(drawn, [*keys, bars.published_key("published, 60,000 examples")])
    return drawn


def is_small(group: Group) -> bool:
    """Whether the digits are those of 16x16 pixels that stand in for the digits from envelopes."""
    return bool(group.setting("data", "size") == 16)


def degree(group: Group) -> int:
    """The degree of the polynomial kernel; 0 without one."""
    kernel = group.setting("model", "kernel", "polynomial")  # those of 1995 have no other
    return int(group.setting("model", "degree", 0)) if kernel == "polynomial" else 0


def shuffled(groups: Sequence[Group]) -> Mapping[Group, Group]:
    """Classifier -> the same classifier on shuffled pixels, where both ran."""
    twins: dict[Group, Group] = {}
    newest = current(groups)
    for group in newest:
        own = settings(group.resolved)
        if own.pop(SHUFFLED, None) is not None:
            same = (plain for plain in newest if plain.block == group.block and settings(plain.resolved) == own)
            twins |= dict.fromkeys(same, group)
    return twins


def published_by_degree() -> Mapping[int, Quoted]:
    """What Cortes and Vapnik report for polynomial kernels, by degree."""
    rows = published.table("svm_usps").to_dict("records")
    return {int(row["degree"]): Quoted(float(row[ERROR]), str(row["source"])) for row in rows}


def _quoted(group: Group) -> Quoted | None:
    return published_by_degree().get(degree(group)) or group.published(ERROR)


def _bars(group: Group, twins: Mapping[Group, Group]) -> list[bars.Bar]:
    twin = twins.get(group)
    return bars.of_group(group, ERROR) + (bars.of_group(twin, ERROR, "shuffled", ORANGE) if twin else [])


def _degrees(axes: Axes, groups: Sequence[Group]) -> None:
    style.panel(axes, "", "degree of the polynomial kernel", "test error (%), 7,291 digits at 16x16")
    quoted: dict[str, Any] = {"linestyle": "--", "linewidth": 1.2, "marker": "D", "markerfacecolor": "white"}
    if not groups:
        nothing(axes, "no polynomial machine has finished")
        return
    measured = lines.through({degree(group): group.measure(ERROR) for group in groups})
    lines.draw(axes, lines.Line("measured: MNIST", measured, marker="o", width=2))
    figures = {order: float(quote.value) for order, quote in published_by_degree().items()}
    label = "published: digits from envelopes"
    axes.plot(list(figures), list(figures.values()), color=VERMILION, label=label, **quoted)
    axes.set_ylim(bottom=0)
    axes.legend(frameon=False, fontsize=9)
