"""The ILSVRC 2012 teams as published; the same question asked on CIFAR-10: does a convolutional net beat hand-made features?"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pandas as pd

from dlbench import published
from dlbench.measure.statistics import Estimate, ratio_of_means, ratio_of_rates
from dlbench.tables.provenance import finite_test_set, provenance, quoted, seed_range
from dlbench.tables.selection import Group, groups
from dlbench.tables.table import Quoted, Table

KEYS = ("budget", "device", "rank", "recipe", "variant")
ERRORS = {"test_error_percent": "top-1", "test_top5_error_percent": "top-5"}


def ilsvrc(runs: pd.DataFrame) -> list[Table]:
    """The published ranking, the measured ranking, and what the best convolutional entry makes of the best other's error."""
    runs = runs.reset_index(drop=True)
    found = ranked(runs)
    entries = [_entry(group, rank) for group, rank in found]
    ratios = _ratios([group for group, _ in found])
    if len({group.device for group, _ in found}) <= 1:
        entries, ratios = ([row | {"device": None} for row in rows] for rows in (entries, ratios))
    members = [group for group, _ in found]
    measured = [
        "Ranked by mean top-1 test error within a budget and device. One net, one crop: not an ensemble like the teams' entries.",
        *provenance(runs, members, entries),
        *finite_test_set(members),
    ]
    tables = [_teams(), Table.of("The same question, measured", entries, measured, KEYS)]
    if ratios:
        tables.append(Table.of("Best convolutional error over best other error", ratios, _ratio_notes(runs, members, ratios), ("budget", "device", "error")))
    return tables


def ranked(runs: pd.DataFrame) -> list[tuple[Group, int]]:
    """The entries with a test error and their rank, best mean first within a budget and device."""
    entries = [group for group in groups(runs) if group.values("test_error_percent")]
    found: list[tuple[Group, int]] = []
    for block in _blocks(entries):
        found += [(group, rank) for rank, group in enumerate(sorted(block, key=_error), start=1)]
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
            "published_official_top5_error_percent": Quoted(float(team["official_percent"]), "the official results of ILSVRC 2012"),
        }
        for rank, team in enumerate(teams().to_dict("records"), start=1)
    ]
    remarks = [f"{team['team']}: {team['note']}." for team in teams().to_dict("records") if isinstance(team["note"], str)]
    about = "Top-5 test error on ImageNet (1,000 classes), ensembles over many crops: not to be mixed with single-crop figures."
    return Table.of("ILSVRC 2012 as published", rows, ["Nothing in this table was measured here.", *quoted(rows), about, *remarks], ("rank", "team"))


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
    """Entries that may be ranked together: one budget, one device."""
    blocks: dict[tuple[str, str], list[Group]] = {}
    for group in entries:
        blocks.setdefault((group.budget, group.device), []).append(group)
    return list(blocks.values())


def _ratios(entries: Sequence[Group]) -> list[dict[str, Any]]:
    """One row for each block and error that both sides have."""
    rows = []
    for block in _blocks(entries):
        for metric, name in ERRORS.items():
            scored = [group for group in block if group.values(metric)]
            sides = [[group for group in scored if convolutional(group) is side] for side in (True, False)]
            if all(sides):
                rows.append(_ratio(*(min(side, key=lambda group: _error(group, metric)) for side in sides), metric, name))
    return rows


def _ratio(best: Group, other: Group, metric: str, name: str) -> dict[str, Any]:
    winner, runner_up = (float(error) for error in teams()["lecture_percent"][:2])
    quotient = winner / runner_up
    source = f"the lecture's slide, {winner} / {runner_up}, top-5 on ImageNet"
    return {
        "budget": best.budget,
        "device": best.device,
        "error": name,
        "best_convolutional": best.variant and f"{best.recipe} ({best.variant})" or best.recipe,
        "best_other": other.variant and f"{other.recipe} ({other.variant})" or other.recipe,
        "ratio": _quotient(best, other, metric),
        "published_ratio": Quoted(quotient, source, f"{quotient:.3f}") if name == "top-5" else None,
    }


def _quotient(best: Group, other: Group, metric: str) -> Estimate:
    """With an interval from the seeds where both have several, else from the size of the test set, else without."""
    examples = min((group.constant("test_examples") or 0 for group in (best, other)))
    if len(best.values(metric)) < 2 or len(other.values(metric)) < 2 and examples:
        return ratio_of_rates(_error(best, metric) / 100, _error(other, metric) / 100, examples)
    return ratio_of_means(best.values(metric), other.values(metric))


def _ratio_notes(runs: pd.DataFrame, members: Sequence[Group], rows: Sequence[dict[str, Any]]) -> list[str]:
    return []
