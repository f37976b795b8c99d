"""The ILSVRC 2012 teams as published; on CIFAR-10, measured: does a convolutional net beat hand-made features too."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from dlbench import published
from dlbench.records.groups import Group, Quoted, current, groups, seed_range
from dlbench.report.notes import finite_test_set, footnotes, quoted
from dlbench.report.table import Table
from dlbench.stats.estimates import Estimate, ratio_of_means, ratio_of_rates
from dlbench.studies import sizes

KEYS = ("budget", "device", "rank", "recipe", "variant")
RATIO_KEYS = ("budget", "device", "error", "best_other")
RATIO_NOTES = (
    "Ratio of mean test errors; the published one is of top-5 errors on ImageNet's 1,000 classes, to features made by "
    "hand.",
    "95 % interval from seeds: of the log ratio, delta method, Student's t at Welch's degrees of freedom. From the "
    "test set, where a side has one run: Katz's, for errors counted on so many examples; it leaves out how training "
    "varies.",
)
ERRORS = {"test_error_percent": "top-1", "test_top5_error_percent": "top-5"}


def ilsvrc(runs: pd.DataFrame) -> list[Table]:
    """The published ranking, the measured one, the ratio between the two camps, and what more examples change."""
    runs = runs.reset_index(drop=True)
    found = ranked(runs)
    entries = [_entry(group, rank) for group, rank in found]
    ratios = _ratios([group for group, _ in found])
    grown = sizes.families(groups(runs))
    by_size, crossings = sizes.rows(grown), sizes.crossings(grown)
    if len({group.device for group, _ in found}) <= 1:
        entries, ratios, by_size, crossings = (
            [row | {"device": None} for row in rows] for rows in (entries, ratios, by_size, crossings)
        )
    members = [group for group, _ in found]
    measured = [
        "Ranked by mean top-1 test error within a budget and device, of those taught with the most examples there. "
        "Single models; the teams' entries were ensembles.",
        *footnotes(runs, members, entries),
        *finite_test_set(members),
    ]
    tables = [_teams(), Table.of("The same question, measured", entries, measured, KEYS)]
    if ratios:
        notes = [*RATIO_NOTES, *footnotes(runs, members, ratios)]
        tables.append(Table.of("Best convolutional error over best other error", ratios, notes, RATIO_KEYS))
    if by_size:
        notes = footnotes(runs, [group for family in grown for group in family.groups], by_size)
        tables.append(Table.of("Test error by number of training examples", by_size, notes, sizes.KEYS))
    if crossings:
        title = "Where a convolutional net overtakes fixed features"
        tables.append(Table.of(title, crossings, [sizes.CROSSING_NOTE], sizes.CROSSING_KEYS))
    return tables


def ranked(runs: pd.DataFrame) -> list[tuple[Group, int]]:
    """The entries taught with the most examples and their rank, best mean first of those that ran alike."""
    entries = [group for group in current(groups(runs)) if group.values("test_error_percent")]
    found: list[tuple[Group, int]] = []
    for block in _blocks(entries):
        most = max(map(sizes.size, block))
        whole = [group for group in block if sizes.size(group) == most]
        found += [(group, rank) for rank, group in enumerate(sorted(whole, key=_error), start=1)]
    return found


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
            "published_lecture_top5_error_percent": Quoted(float(team["lecture_percent"]), "the lecture's slide"),
            "published_official_top5_error_percent": Quoted(
                float(team["official_percent"]), "the official results of ILSVRC 2012"
            ),
        }
        for rank, team in enumerate(teams().to_dict("records"), start=1)
    ]
    remarks = [
        f"{team['team']}: {team['note']}." for team in teams().to_dict("records") if isinstance(team["note"], str)
    ]
    about = "Top-5 test error on ImageNet of ensembles over many crops: not to be mixed with single-crop figures."
    return Table.of(
        "ILSVRC 2012 as published",
        rows,
        ["Nothing in this table was measured here.", *quoted(rows), about, *remarks],
        ("rank", "team"),
    )


def _entry(group: Group, rank: int) -> dict[str, Any]:
    return {
        "budget": group.budget,
        "device": group.device,
        "rank": rank,
        "recipe": group.recipe,
        "variant": group.variant,
        "convolutional": convolutional(group),
        "seeds": seed_range(group.seeds),
        **{metric: group.measure(metric) for metric in ERRORS},
        "published_test_error_percent": group.published("test_error_percent"),
        "parameters": group.constant("parameters"),
    }


def _error(group: Group, metric: str = "test_error_percent") -> float:
    measure = group.measure(metric)
    return measure.mean if measure else float("inf")


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
            for camp in ([o for o in others if not _is_learnt(o)], [o for o in others if _is_learnt(o)]):
                if nets and camp:
                    best, other = (min(side, key=lambda group: _error(group, metric)) for side in (nets, camp))
                    rows.append(_ratio(best, other, metric))
    return rows


def _is_learnt(group: Group) -> bool:
    """Whether the features of this entry come from data, as those of no team in 2012 but the first."""
    model = group.resolved.get("model")
    return isinstance(model, Mapping) and model.get("name") == "kmeans_linear"


def _ratio(best: Group, other: Group, metric: str) -> dict[str, Any]:
    quotient, interval = _quotient(best, other, metric)
    return {
        "budget": best.budget,
        "device": best.device,
        "error": ERRORS[metric],
        "best_convolutional": _name(best),
        "best_other": _name(other),
        "ratio": quotient,
        "interval_from": interval,
        "published_ratio": None if _is_learnt(other) else _published_ratio(),
    }


def _name(group: Group) -> str:
    return f"{group.recipe} ({group.variant})" if group.variant else group.recipe


def _published_ratio() -> Quoted:
    """The best team with a convolutional net over the best without, by the lecture's slide."""
    best = teams().groupby("method")["lecture_percent"].min()
    net, other = float(best["convolutional"]), float(best.drop("convolutional").min())
    return Quoted(net / other, f"the lecture's slide ({net} / {other}, top-5 error on ImageNet)", f"{net / other:.3f}")


def _quotient(best: Group, other: Group, metric: str) -> tuple[Estimate, str]:
    """The ratio of mean errors, and what its interval stands on: seeds where both have several, else the test set."""
    samples = best.values(metric), other.values(metric)
    examples = min(group.constant("test_examples") or 0 for group in (best, other))
    if min(map(len, samples)) < 2 and examples:
        return ratio_of_rates(_error(best, metric) / 100, _error(other, metric) / 100, examples), "test set"
    found = ratio_of_means(*samples)
    return found, "seeds" if found.has_interval else ""
