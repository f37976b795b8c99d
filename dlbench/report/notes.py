"""The notes under a table: what was measured, where, at which budget, over which seeds, what is quoted or missing."""

from __future__ import annotations

import os.path
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from dlbench.records import grouping, packs
from dlbench.records.grouping import Identity
from dlbench.records.groups import Group, budget_rank, seed_range
from dlbench.report.table import sources
from dlbench.stats.estimates import binomial_sd_percent

SHORT_RUN = (
    "A smoke or short run can show an effect; it does not reproduce a published figure, "
    "which was measured at the full budget."
)


def footnotes(runs: pd.DataFrame, groups: Sequence[Group], rows: Iterable[Mapping[str, Any]]) -> list[str]:
    """All that a reader must know to trust the rows made from these groups; `runs` also has the runs left out."""
    budgets = sorted({group.budget for group in groups}, key=budget_rank)
    notes = [_measured(budget, [group for group in groups if group.budget == budget]) for budget in budgets]
    if not groups:
        notes.append("Nothing measured here yet: no run has finished.")
    notes += _left_out(runs, groups) + quoted(rows)
    if any(budget != "full" for budget in budgets):
        notes.append(SHORT_RUN)
    return notes + identity(groups) + files(groups)


def identity(groups: Sequence[Group]) -> list[str]:
    """Notes on the identity of these groups: code that is unknown, and data that differ from seed to seed."""
    old_code = grouping.identity_notes({name for group in groups for name in group.runs.get("identity", ())})
    recipes = dict.fromkeys(group.recipe for group in groups if group.saw_several_data_sets)
    return [*old_code, *([f"Each seed has data of its own: {', '.join(recipes)}."] if recipes else [])]


def quoted(rows: Iterable[Mapping[str, Any]]) -> list[str]:
    """One line on the columns headed `published`, if any cell is quoted."""
    origins = sources(rows)
    # a source may hold commas and semicolons of its own
    listed = " · ".join(origins)
    return [f"Quoted, not measured here: the columns headed 'published', from {listed}."] if origins else []


def machines(runs: pd.DataFrame) -> list[str]:
    """The machines these runs came from, in words; those of equal names with their fingerprints."""
    distinct = runs.drop_duplicates(["fingerprint", "device"])
    names = [f"{name} ({device})" for name, device in zip(distinct["machine"], distinct["device"], strict=True)]
    prints = distinct["fingerprint"].tolist()
    return [
        name if names.count(name) == 1 else f"{name[:-1]}, {mark})" for name, mark in zip(names, prints, strict=True)
    ]


def finite_test_set(groups: Sequence[Group], metric: str = "test_error_percent") -> list[str]:
    """One line on how uncertain an error rate is because the test set is finite, where its size is known."""
    spreads: dict[int, list[float]] = {}
    for group in groups:
        examples = group.constant("test_examples")
        if examples:
            spreads.setdefault(examples, []).extend(
                binomial_sd_percent(error, examples) for error in group.values(metric)
            )
    return [
        f"A test set of {examples:,} examples alone gives these error rates a binomial sd of {_span(spread)} points."
        for examples, spread in spreads.items()
        if spread
    ]


def _span(values: Sequence[float]) -> str:
    low, high = f"{min(values):.2f}", f"{max(values):.2f}"
    return low if low == high else f"{low} to {high}"


def _measured(budget: str, groups: Sequence[Group]) -> str:
    seeds = {seed_range(group.seeds) for group in groups}
    counts = {len(group.seeds) for group in groups}
    shared = seeds.pop() if len(seeds) == 1 else ""
    over = (
        f"seed{'s' if max(counts) > 1 else ''} {shared}"
        if shared
        else f"{min(counts)} to {max(counts)} seeds (n in each cell)"
    )
    if not shared and len(counts) == 1:
        over = f"{counts.pop()} seeds each, not the same ones"
    where = machines(pd.concat([group.runs for group in groups]))
    plural = f"{len(where)} machines: " if len(where) > 1 else ""
    return f"Measured here: {budget} budget, {over}, after the last step, on {plural}{'; '.join(where)}."


def _left_out(runs: pd.DataFrame, groups: Sequence[Group]) -> list[str]:
    """Lines on runs that did not finish, and on those that newer runs replace."""
    if runs.empty:
        return []
    used = {row for group in groups for row in group.runs.index}
    is_used = runs.index.isin(used)
    others = runs[~is_used]
    if others.empty:
        return []
    finished, unfinished = others[others["status"] == "finished"], others[others["status"] != "finished"]
    counted = set(_trials(runs[is_used]))
    replaced = sum(trial in counted for trial in _trials(finished))
    works = {_work(trial) for trial in counted}
    superseded = sum(_work(trial) in works and trial not in counted for trial in _trials(finished))
    notes = []
    if len(unfinished):
        fates = _unfinished(unfinished, set(_trials(runs[runs["status"] == "finished"])))
        notes.append(f"Not counted, because they did not finish: {'; '.join(fates)}.")
    if replaced:
        notes.append(f"Not counted, because a newer run of the same trial finished: {replaced}.")
    if superseded:
        notes.append(f"Not shown, because newer code, data or settings of their kind are: {superseded}.")
    return notes


def _trials(runs: pd.DataFrame) -> list[tuple[Identity, int]]:
    return grouping.trials(runs)


def _work(trial: tuple[Identity, int]) -> tuple[str, str, str, str]:
    """Recipe, budget, device and digest of a trial."""
    identity = trial[0]
    return identity.recipe, identity.budget, identity.device, identity.digest


def _unfinished(others: pd.DataFrame, finished: set[tuple[Identity, int]]) -> list[str]:
    """Each way of ending once, with its seeds."""
    fates: dict[tuple[str, str, str, str, str], list[int]] = {}
    for run, trial in zip(others.to_dict("records"), _trials(others), strict=True):
        later = ", finished in another run" if trial in finished else ""
        key = (run["recipe"], run["budget"], run["device"], run["status"], _reason(run.get("message")) + later)
        fates.setdefault(key, []).append(run["seed"])
    return [
        f"{recipe} {budget} seed {seed_range(seeds)} on {device} ({status}{why})"
        for (recipe, budget, device, status, why), seeds in fates.items()
    ]


def _reason(message: object) -> str:
    """The first line of the message with which a run ended."""
    lines = message.strip().splitlines() if isinstance(message, str) else []
    return f": {lines[0][:120].rstrip('.')}" if lines else ""


def files(groups: Sequence[Group]) -> list[str]:
    """Where the run files lie under the results folder; paths of one machine help nobody on another."""
    if not any("path" in group.runs for group in groups):
        return []
    # each folder once: a Path for every file takes longer than all other notes together
    folders = dict.fromkeys((os.path.dirname(path), group.budget) for group in groups for path in group.runs["path"])
    names = ((Path(folder).name.rpartition(f"{packs.ENDING}:")[2], budget) for folder, budget in folders)
    patterns = dict.fromkeys(f"{name}/{budget}-*" for name, budget in names)
    return [f"Run files, under the results folder: {', '.join(patterns)}."]
