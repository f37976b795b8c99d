"""Bars: ranked ones that lie, with every seed a dot, and upright ones side by side."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from dlbench.records.groups import Group
from dlbench.report.panels.style import BLUE, DARK, nothing, panel
from dlbench.stats.estimates import Estimate, Measure

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.lines import Line2D

Series: TypeAlias = tuple[str, Sequence[Measure | None], Sequence[str], float]
"""Name, a measure and a colour for each label, opacity."""
PUBLISHED: Final[dict[str, Any]] = {
    "marker": "D", "color": "white", "markeredgecolor": DARK, "markersize": 7, "linestyle": "",
}  # fmt: skip
"""How a figure that others measured is marked everywhere: an open diamond."""


@dataclass(frozen=True)
class Bar:
    """A mean with its deviation over seeds, or a value with its interval; seeds are dots on it.

    published: what others measured. written: stands behind the bar, the measure itself if left out.
    """

    label: str
    measure: Measure | Estimate
    colour: str = BLUE
    seeds: Sequence[float] = ()
    published: float | None = None
    written: str = ""

    @property
    def value(self) -> float:
        """How long the bar is."""
        return self.measure.mean if isinstance(self.measure, Measure) else self.measure.value

    @property
    def ends(self) -> tuple[float, float]:
        """From where to where its whiskers go."""
        if isinstance(self.measure, Measure):
            spread = self.measure.sd if self.measure.has_spread else 0.0
            return self.value - spread, self.value + spread
        return (self.measure.low, self.measure.high) if self.measure.has_interval else (self.value, self.value)


def of_group(group: Group, metric: str, label: str = "", colour: str = BLUE) -> list[Bar]:
    """The bar of a group and a metric, under its own name if no label is given; none where no run has it."""
    measure, quoted = group.measure(metric), group.published(metric)
    if measure is None:
        return []
    published = float(quoted.value) if quoted else None
    return [Bar(label or group.label.replace(" (", "\n("), measure, colour, group.values(metric), published)]


def of_metrics(groups: Sequence[Group], labels: Mapping[str, str]) -> list[Bar]:
    """The bars of several metrics under these labels, each metric of every group that has it."""
    return [bar for metric, label in labels.items() for group in groups for bar in of_group(group, metric, label)]


def ranked(axes: Axes, bars: Sequence[Bar], x: str, title: str = "", empty: str = "no run has finished") -> None:
    """Bars that lie, the first on top: mean, sd over seeds, a dot for each seed, a diamond for what is published."""
    panel(axes, title, x, grid="x")
    if not bars:
        nothing(axes, empty)
        return
    for place, bar in enumerate(bars):
        axes.barh(place, bar.value, color=bar.colour, height=0.64, alpha=0.85)
        low, high = bar.ends
        if high > low:
            whiskers = [[bar.value - low], [high - bar.value]]
            axes.errorbar(bar.value, place, xerr=whiskers, color=DARK, capsize=3, linewidth=1.2)
        if len(bar.seeds) > 1:
            axes.plot(bar.seeds, [place] * len(bar.seeds), "o", color=DARK, markersize=2.5, alpha=0.6)
        if bar.published is not None:
            axes.plot(bar.published, place, **PUBLISHED)
        end = (max(high, bar.value, *bar.seeds), place)
        text = bar.written or str(bar.measure)
        box = {"facecolor": "white", "edgecolor": "none", "pad": 1, "alpha": 0.7}
        axes.annotate(text, end, xytext=(6, 0), textcoords="offset points", va="center", fontsize=9, bbox=box)
    axes.set_yticks(range(len(bars)), [bar.label for bar in bars], fontsize=9)
    axes.set_ylim(len(bars) - 0.4, -0.6)
    axes.set_xlim(0, 1.35 * max(max(bar.ends[1], bar.published or 0, *bar.seeds, 0) for bar in bars) or 1)


def published_key(label: str) -> Line2D:
    """The entry of a legend for the diamonds."""
    from matplotlib.lines import Line2D

    return Line2D([], [], label=label, **PUBLISHED)


def upright(
    axes: Axes,
    labels: Sequence[str],
    series: Iterable[Series],
    write: Callable[[float], str] = "{:.1f}".format,
) -> None:
    """Two series of upright bars side by side, the number above each bar with one sd over seeds either way."""
    for offset, (name, measures, colours, alpha) in zip((-0.2, 0.2), series, strict=True):
        for place, (measure, colour) in enumerate(zip(measures, colours, strict=True)):
            if measure is None:
                continue
            spread = measure.sd if measure.has_spread else 0.0
            at = place + offset
            axes.bar(at, measure.mean, 0.38, color=colour, alpha=alpha, label="" if place else name)
            if spread:
                axes.errorbar(at, measure.mean, yerr=spread, color=DARK, capsize=3, linewidth=1.2)
            top, text = (at, measure.mean + spread), write(measure.mean)
            axes.annotate(text, top, xytext=(0, 3), textcoords="offset points", ha="center", fontsize=9)
    axes.set_xticks(range(len(labels)), labels)
