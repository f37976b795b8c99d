"""Measurements by commit -> tables, and the chapters of a page with a trend for each metric, changes marked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any

from dlbench.judge import metrics
from dlbench.judge.history import Track
from dlbench.judge.metrics import NEITHER
from dlbench.records.commits import Commit
from dlbench.report.cells import Linked, heading
from dlbench.report.document import Chapter, Document
from dlbench.report.table import Table
from dlbench.stats import change_points
from dlbench.stats.difference import PRACTICAL
from dlbench.stats.estimates import Measure, median

HOW = (
    f"A change: from this commit on values lie on another level, by a permutation test of ranks at "
    f"{100 * change_points.ALPHA:g} % a series, and, of speeds, by more than {100 * PRACTICAL:g} %. It takes at least "
    f"{change_points.FEWEST} commits, {change_points.SHORTEST} of them on either side.",
    "What changed on the machine counts as well: `dlbench gate` measures two commits anew, in turns.",
)


def chosen(tracks: Sequence[Track], names: Sequence[str]) -> list[str]:
    """The metrics to show: those named, or the usual ones; InputError for one that nobody measured."""
    measured = list(dict.fromkeys(name for track in tracks for name in track.metrics))
    for name in names:
        metrics.check(name, measured, "--metric")
    return list(names) or [name for name in metrics.DEFAULT if name in measured] or measured


def tables(tracks: Sequence[Track], names: Sequence[str]) -> list[Table]:
    """A table for each machine: what was measured at how many commits, the newest value, and where it changed."""
    rows: dict[str, list[dict[str, Any]]] = {}
    for track in tracks:
        for name in names:
            if values := track.values(name):
                rows.setdefault(track.machine, []).append(_row(track, name, values))
    return [
        Table.of(machine, some, HOW, ("recipe", "measured", "metric"), ["newest"]) for machine, some in rows.items()
    ]


def document(title: str, tracks: Sequence[Track], names: Sequence[str], address: str) -> Document:
    """The page of all tracks. address: of a commit on the web, `{commit}` for its hash; may be empty."""
    chapters = [_chapter(str(number), track, names, address) for number, track in enumerate(tracks, 1)]
    return Document(title, chapters=[chapter for chapter in chapters if chapter.trends])


def changes(name: str, values: Sequence[float]) -> dict[int, float]:
    """The places that begin a new level, each with the ratio of its median to the one before, or the difference."""
    places = change_points.change_points(values)
    edges = [0, *places, len(values)]
    levels = [median(values[start:end]) for start, end in pairwise(edges)]
    is_speed = metrics.metric(name).kind == "speed" and min(values) > 0
    steps = [new / old if is_speed else new - old for old, new in pairwise(levels)]
    is_large = [not is_speed or max(step, 1 / step) > 1 + PRACTICAL for step in steps]
    return {place: step for place, step, large in zip(places, steps, is_large, strict=True) if large}


def words(name: str, step: float) -> str:
    """A change as a person reads it: `x0.950, worse`."""
    metric = metrics.metric(name)
    change = f"x{step:.3f}" if metric.kind == "speed" else f"{step:+.3g} {metric.difference_unit}".rstrip()
    gain = metric.better * (step - 1 if metric.kind == "speed" else step)
    return change if metric.better == NEITHER else f"{change}, {'better' if gain > 0 else 'worse'}"


def _row(track: Track, name: str, values: Sequence[tuple[Commit, Sequence[float]]]) -> dict[str, Any]:
    marked = changes(name, [Measure.of(some).mean for _, some in values])
    told = [f"{words(name, step)} at {values[place][0].short}" for place, step in marked.items()]
    return {
        "recipe": track.recipe, "measured": track.measured, "metric": name, "commits": len(values),
        "newest": Measure.of(values[-1][1]), "at": values[-1][0].short, "changes": "; ".join(told),
    }  # fmt: skip


def _chapter(name: str, track: Track, names: Sequence[str], address: str) -> Chapter:
    trends = [_trend(track, metric, address) for metric in names if track.values(metric)]
    title = f"{track.recipe}, {track.measured}"
    rows: dict[str, dict[str, Any]] = {}
    for commit, _ in track.points:
        link = Linked.to(commit.short, _url(commit, address))
        about = {"date": commit.date[:16].replace("T", " "), "changes": "", "subject": commit.subject}
        rows[commit.name] = {"commit": link, **about}
    for trend in trends:
        for point in trend["points"]:
            rows[point["commit"]] |= {trend["metric"]: point["measure"]}
            if point["change"]:
                told = [rows[point["commit"]]["changes"], f"{trend['heading']} {point['change']}"]
                rows[point["commit"]]["changes"] = "; ".join(filter(None, told))
    table = Table.of("Commits, newest first", [*reversed(rows.values())], HOW, ("commit",))
    return Chapter(title, name=f"track-{name}", source=track.machine, tables=[table], trends=trends)


def _trend(track: Track, name: str, address: str) -> Mapping[str, Any]:
    """What is drawn of one metric: a point for each commit, and where it changed; `words` says the same."""
    values = track.values(name)
    measures = [Measure.of(some) for _, some in values]
    marked = changes(name, [measure.mean for measure in measures])
    points = [
        {
            "commit": commit.name, "short": commit.short, "date": commit.date, "subject": commit.subject,
            "url": _url(commit, address), "value": measure.mean, "measure": measure, "text": str(measure),
            "change": words(name, marked[place]) if place in marked else "",
        }
        for place, ((commit, _), measure) in enumerate(zip(values, measures, strict=True))
    ]  # fmt: skip
    told = [f"{point['change']} at {point['short']}" for point in points if point["change"]]
    what = f"{heading(name)} of {track.recipe}, {track.measured}, at {len(points)} commits"
    none = "no change found" if len(points) >= change_points.FEWEST else "too few to look for a change"
    text = f"{what}: changed {'; '.join(told)}" if told else f"{what}: {none}"
    return {"metric": name, "heading": heading(name), "words": text, "points": points}


def _url(commit: Commit, address: str) -> str:
    return address.replace("{commit}", commit.name)
