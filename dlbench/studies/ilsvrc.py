"""The ILSVRC 2012 teams as published; on CIFAR-10, measured: does a convolutional net beat hand-made features too."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import pandas as pd

from dlbench import published
from dlbench.records.groups import Group, Quoted, Runs, current
from dlbench.report import columns, families
from dlbench.report.families import Family
from dlbench.report.notes import quoted
from dlbench.report.panels import bars, lines, style
from dlbench.report.panels.style import BLUE, DARK, GREY, ORANGE, VERMILION
from dlbench.report.table import Table
from dlbench.stats.estimates import Estimate, Measure, ratio_of_means, ratio_of_rates

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

ERROR = "test_error_percent"
ERRORS = {ERROR: "top-1", "test_top5_error_percent": "top-5"}
KEYS = ("budget", "device", "rank", "recipe", "variant")
RATIO_KEYS = ("budget", "device", "error", "best_other")
RANKED = (
    "Ranked by mean top-1 test error within a budget and device, of those taught with the most examples there. "
    "Single models; the teams' entries were ensembles."
)
RATIO_NOTES = (
    "Ratio of mean test errors; the published one is of top-5 errors on ImageNet's 1,000 classes, to features made by "
    "hand.",
    "95 % interval from seeds: of the log ratio, delta method, Student's t at Welch's degrees of freedom. From the "
    "test set, where a side has one run: Katz's, for errors counted on so many examples; it leaves out how training "
    "varies.",
)
TEAM_NOTES = (
    "Nothing in this table was measured here.",
    "Top-5 test error on ImageNet of ensembles over many crops: not to be mixed with single-crop figures.",
)
LECTURE, OFFICIAL = "the lecture's slide", "the official results of ILSVRC 2012"


def tables(runs: Runs) -> list[Table]:
    """The published ranking, the measured one, the ratio between the two camps, and what more examples change."""
    places = ranked(runs.groups)
    grown = families.families(runs.groups)
    entries: columns.Columns = [
        "budget", "device", ("rank", places.__getitem__), "recipe", "variant", ("convolutional", convolutional),
        "seeds", *ERRORS, f"published_{ERROR}", "parameters",
    ]  # fmt: skip
    members = list(places)
    found = [_teams(), columns.table("The same question, measured", runs, members, entries, [RANKED], KEYS)]
    if ratios := _ratios(members):
        title = "Best convolutional error over best other error"
        found.append(columns.of_rows(title, runs, members, ratios, RATIO_NOTES, RATIO_KEYS))
    if grown:
        taught = [group for family in grown for group in family.groups]
        title = "Test error by number of training examples"
        found.append(columns.of_rows(title, runs, taught, families.rows(grown), keys=families.KEYS))
    if crossings := families.crossings(grown):
        title = "Where a convolutional net overtakes fixed features"
        found.append(Table.of(title, crossings, [families.CROSSING_NOTE], families.CROSSING_KEYS))
    return found


def figure(runs: Runs) -> Figure:
    """Published top-5 errors left, measured top-1 errors right, and where there are some, errors by training size."""
    entries, grown = list(ranked(runs.groups)), families.families(runs.groups)
    drawn = style.figure("Convolutional nets against hand-made features", entries, 15.5 if grown else 11, 4.8)
    left, right, *by_size = drawn.subplots(1, 3 if grown else 2)
    bars.ranked(left, _published(), "", "published: ILSVRC 2012, top-5 test error (%)")
    measured = [bar for group in entries for bar in bars.of_group(group, ERROR, colour=_colour(convolutional(group)))]
    bars.ranked(right, measured, "", f"measured here: {_data(entries)}, top-1 test error (%)", "no entry has finished")
    for axes in by_size:
        _by_size(axes, grown)
    style.legend(drawn, [style.key("convolutional", BLUE), style.key("not convolutional", GREY)])
    return drawn


def ranked(groups: Sequence[Group]) -> dict[Group, int]:
    """The entries taught with the most examples and their rank, best mean first of those that ran alike."""
    ranks: dict[Group, int] = {}
    entries = [group for group in current(groups) if group.values(ERROR)]
    most: dict[tuple[str, str], int] = {}
    for group in entries:
        most[_where(group)] = max(families.size(group), most.get(_where(group), 0))
    for block in _blocks(entries):
        whole = [group for group in block if families.size(group) == most[_where(group)]]
        whole.sort(key=_error(ERROR))
        ranks |= {group: rank for rank, group in enumerate(whole, start=1)}
    return ranks


def _where(group: Group) -> tuple[str, str]:
    return group.budget, group.device


def convolutional(group: Group) -> bool:
    """Whether the recipe is tagged as a convolutional net."""
    return "convolutional" in group.tags


def teams() -> pd.DataFrame:
    """The published ranking, best first: team, lecture_percent, official_percent, method, note, source."""
    return published.table("ilsvrc_2012").sort_values("lecture_percent", ignore_index=True)


def _teams() -> Table:
    rows = [
        {
            "rank": rank,
            "team": team["team"],
            "convolutional": team["method"] == "convolutional",
            "published_lecture_top5_error_percent": Quoted(float(team["lecture_percent"]), LECTURE),
            "published_official_top5_error_percent": Quoted(float(team["official_percent"]), OFFICIAL),
        }
        for rank, team in enumerate(teams().to_dict("records"), start=1)
    ]
    remarks = [f"{team}: {note}." for team, note in teams()[["team", "note"]].dropna().itertuples(index=False)]
    notes = [TEAM_NOTES[0], *quoted(rows), TEAM_NOTES[1], *remarks]
    return Table.of("ILSVRC 2012 as published", rows, notes, ("rank", "team"))


def _error(metric: str) -> Callable[[Group], float]:
    """Sort key: the mean error."""
    return lambda group: measure.mean if (measure := group.measure(metric)) else float("inf")


def _blocks(entries: Sequence[Group]) -> list[list[Group]]:
    """Entries that may be ranked together: one budget, one device, one way to compute."""
    blocks: dict[tuple[str | bool, ...], list[Group]] = {}
    for group in entries:
        blocks.setdefault(group.block, []).append(group)
    return list(blocks.values())


def _ratios(entries: Sequence[Group]) -> list[dict[str, Any]]:
    """One row for each block, error and camp of others: features made by hand, or none, and features learnt."""
    rows = []
    for block in _blocks(entries):
        for metric in ERRORS:
            scored = [group for group in block if group.values(metric)]
            nets = [group for group in scored if convolutional(group)]
            others = [group for group in scored if not convolutional(group)]
            for learnt in (False, True):
                camp = [group for group in others if _is_learnt(group) == learnt]
                if nets and camp:
                    rows.append(_ratio(min(nets, key=_error(metric)), min(camp, key=_error(metric)), metric))
    return rows


def _is_learnt(group: Group) -> bool:
    """Whether the features of this entry come from data, as those of no team in 2012 but the first.

    A mixture of Gaussians that sorts descriptors made by hand, as most teams had one, does not make them learnt.
    """
    return bool(group.setting("model", "name") == "kmeans_linear")


def _ratio(best: Group, other: Group, metric: str) -> dict[str, Any]:
    quotient, interval = _quotient(best, other, metric)
    return {
        "budget": best.budget,
        "device": best.device,
        "error": ERRORS[metric],
        "best_convolutional": best.label,
        "best_other": other.label,
        "ratio": quotient,
        "interval_from": interval,
        "published_ratio": None if _is_learnt(other) else _published_ratio(),
    }


def _published_ratio() -> Quoted:
    """The best team with a convolutional net over the best without, by the lecture's slide."""
    best = teams().groupby("method")["lecture_percent"].min()
    net, other = float(best["convolutional"]), float(best.drop("convolutional").min())
    return Quoted(net / other, f"{LECTURE} ({net} / {other}, top-5 error on ImageNet)", f"{net / other:.3f}")


def _quotient(best: Group, other: Group, metric: str) -> tuple[Estimate, str]:
    """The ratio of mean errors, and what its interval stands on: seeds where both have several, else the test set."""
    samples = best.values(metric), other.values(metric)
    examples = min(group.constant("test_examples") or 0 for group in (best, other))
    if min(map(len, samples)) < 2 and examples:
        error = _error(metric)
        return ratio_of_rates(error(best) / 100, error(other) / 100, examples), "test set"
    ratio = ratio_of_means(*samples)
    return ratio, "seeds" if ratio.has_interval else ""


def _colour(convolves: bool) -> str:
    return BLUE if convolves else GREY


def _published() -> list[bars.Bar]:
    ranking = zip(teams()["team"], teams()["lecture_percent"], teams()["method"], strict=True)
    return [
        bars.Bar(team, Measure.of([float(error)]), _colour(method == "convolutional"), written=str(error))
        for team, error, method in ranking
    ]


def _data(entries: Sequence[Group]) -> str:
    """The data set's name, if all runs share it."""
    names = {str(group.setting("data", "name")) for group in entries}
    name = names.pop() if len(names) == 1 else "several data sets"
    return {"cifar10": "CIFAR-10", "cifar100": "CIFAR-100"}.get(name, name)


def _by_size(axes: Axes, grown: Sequence[Family]) -> None:
    """One line a family: solid and blue what convolves, dashed what does not."""
    style.panel(axes, "measured here: top-1 test error (%) by size", "training examples")
    others = iter((GREY, ORANGE, VERMILION, DARK) * len(grown))
    curves = []
    for family in grown:
        look = (BLUE, "-") if family.convolutional else (next(others), "--")
        curves.append(lines.Line(family.name, lines.through(family.errors()), *look, marker="o"))
    counts = sorted({size for family in grown for size in family.errors()})
    axes.set_xscale("log")
    axes.set_xticks(counts, [f"{size:,}" for size in counts])
    axes.minorticks_off()
    axes.margins(x=0.08)
    lines.by_size(axes, curves)
