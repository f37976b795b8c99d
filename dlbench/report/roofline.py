"""A profile -> the costliest operations with what bounds them, and their picture under the roof."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final

from dlbench.measure.roofline import Bound, Operation, Roof
from dlbench.records.events import Profile
from dlbench.report.panels import style
from dlbench.report.table import Table

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

COSTLIEST = 10
COLOURS: Final[dict[Bound | None, str]] = {"compute": style.VERMILION, "memory": style.BLUE, "launch": style.GREEN}
HOW = (
    "Operations as autograd calls them, with all that they call; time with the profiler on, which costs a microsecond "
    "or so an operation. FLOP: torch's formulas, which know products and convolutions. Bytes: every tensor that goes "
    "in or comes out once, which is a lower bound, so FLOP per byte is an upper one. Bound: the longest of FLOP / "
    "peak, bytes / bandwidth and calls x the smallest operation (Williams, Waterman and Patterson 2009); roof: that "
    "over the time it took, above 100 % where caches serve what memory would."
)


def table(profile: Profile, name: str) -> Table:
    """The costliest operations of what is called so."""
    rows, roof = operations(profile), roof_of(profile)
    total = sum(row.seconds for row in rows)
    cells = [_cells(row, roof, total) for row in rows[:COSTLIEST]]
    notes = [
        f"Roof, measured by the same process: {profile.tflops:.3g} TFLOP/s and {profile.gb_per_second:.3g} GB/s, which "
        f"meet at {roof.ridge:.3g} FLOP per byte; the smallest operation takes {1e6 * roof.launch_seconds:.2g} µs.",
        f"{profile.steps} steps took {1000 * profile.seconds:.3g} ms, their operations {1000 * total:.3g} ms"
        + (f", of which {len(rows) - COSTLIEST} others are not shown." if len(rows) > COSTLIEST else "."),
        HOW,
    ]
    return Table.of(f"Costliest operations of {name}", cells, notes)


def operations(profile: Profile) -> list[Operation]:
    """The operations of a profile, costliest first."""
    return [Operation(**row) for row in profile.operations]


def roof_of(profile: Profile) -> Roof:
    """The roof that was measured beside a profile."""
    return Roof(1e12 * profile.tflops, 1e9 * profile.gb_per_second, profile.launch_seconds)


def _cells(operation: Operation, roof: Roof, total: float) -> dict[str, Any]:
    share = roof.share(operation)
    return {
        "operation": operation.name,
        "time_percent": 100 * operation.seconds / total,
        "calls": operation.calls,
        "microseconds_per_call": 1e6 * operation.seconds / operation.calls,
        "achieved_tflops": operation.flop / operation.seconds / 1e12 if operation.flop else None,
        "flop_per_byte": operation.intensity,
        "bound": roof.bound(operation),
        "roof_percent": 100 * share if share is not None else None,
    }


def figure(profile: Profile, name: str, machine: str) -> Figure:
    """The operations that count FLOP under the roof, on logarithms; the larger a dot, the more of the time it takes."""
    rows, roof = operations(profile), roof_of(profile)
    small_print = f"{machine}; roof measured by the same process; bytes are a lower bound; {_not_drawn(rows)}"
    drawn = style.blank(f"Roofline of {name}", small_print, width=8, height=5.6)
    axes = drawn.subplots()
    style.panel(axes, "", "FLOP per byte", "TFLOP/s")
    axes.set_xscale("log")
    axes.set_yscale("log")
    counted = sorted(((row, row.intensity) for row in rows if row.intensity), key=lambda pair: pair[1])
    _roof(axes, roof, [intensity for _, intensity in counted])
    total = sum(row.seconds for row in rows)
    for number, (row, intensity) in enumerate(counted):
        share = row.seconds / total
        size, side = 5 + 25 * share**0.5, 1 if number % 2 else -1  # names on either side in turn: neighbours lie close
        place = (intensity, (row.flop or 0) / row.seconds / 1e12)
        axes.plot(*place, "o", color=COLOURS[roof.bound(row)], markersize=size, alpha=0.6)
        axes.annotate(
            f"{row.name} {_percent(share)}", place, xytext=(side * (size / 2 + 4), 0), textcoords="offset points",
            ha="left" if number % 2 else "right", va="center", fontsize=8,
        )  # fmt: skip
    present = {roof.bound(row) for row, _ in counted}
    keys = [style.key(f"bound by {bound}", colour) for bound, colour in COLOURS.items() if bound in present]
    style.legend(drawn, keys)
    return drawn


def _roof(axes: Axes, roof: Roof, intensities: Sequence[float]) -> None:
    low, high = min([roof.ridge, *intensities]) / 4, max([roof.ridge, *intensities]) * 4
    ends = [low, roof.ridge, high]
    axes.plot(ends, [roof.at(end) / 1e12 for end in ends], color=style.DARK, linewidth=1.8)
    axes.annotate(
        f"{roof.flop_per_second / 1e12:.3g} TFLOP/s", (high, roof.flop_per_second / 1e12),
        xytext=(0, 4), textcoords="offset points", ha="right", fontsize=8, color=style.DARK,
    )  # fmt: skip
    axes.annotate(
        f"{roof.bytes_per_second / 1e9:.3g} GB/s", (low, roof.at(low) / 1e12),
        xytext=(4, -2), textcoords="offset points", va="top", fontsize=8, color=style.DARK,
    )  # fmt: skip
    axes.margins(y=0.15)


def _not_drawn(rows: Sequence[Operation]) -> str:
    """How much of the time is of operations that count no FLOP."""
    total = sum(row.seconds for row in rows)
    without = [row for row in rows if not row.intensity]
    names = ", ".join(f"{row.name} {_percent(row.seconds / total)}" for row in without[:3])
    share = _percent(sum(row.seconds for row in without) / total)
    return f"not drawn, as no FLOP of theirs are counted: {share} of the time ({names})" if without else ""


def _percent(share: float) -> str:
    return f"{100 * share:.0f} %" if share >= 0.005 else "< 1 %"
