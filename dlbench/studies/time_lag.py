"""Tanh nets against memory cells over time lags: the adding problem, the embedded Reber grammar, gradient by lag."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

import pandas as pd

from dlbench.records.groups import Group, groups, of_most_seeds
from dlbench.report.notes import footnotes
from dlbench.report.table import Table
from dlbench.stats.estimates import Measure, wilson_interval

KEYS = ("recipe", "variant", "budget", "device")
NETS: Mapping[str, str] = {
    "constant": "none: the mean of the targets",
    "tanh_rnn": "tanh units",
    "lstm_1997": "LSTM of 1997, no forget gate",
    "lstm_modern": "LSTM with forget gates",
}
RULES: Mapping[str, str] = {
    "adam": "backpropagation through time, Adam",
    "truncated_gradient": "truncated gradient, online (1997)",
    "mean_target": "closed form",
    "no_learning": "none: as initialised",
}
SMALLEST = 1e-38  # zero has no logarithm
AT_LAG = re.compile(r"test_gradient_norm_at_lag_(\d+)")


def time_lag(runs: pd.DataFrame) -> list[Table]:
    """One table a task, and one of how the gradient changes with the lag."""
    runs = runs.reset_index(drop=True)
    found = groups(runs)
    return [
        _table("Adding problem", runs, found, _is_adding, _adding, ADDING_NOTES),
        _table(
            "Embedded Reber grammar", runs, found, _is_reber, partial(_reber, own=of_most_seeds(found)), REBER_NOTES
        ),
        _table("Gradient at the end of a sequence, by the inputs before", runs, found, lags, _gradient, LAG_NOTES),
    ]


ADDING_NOTES = (
    "Wrong: the output at the end is off by 0.04 or more. A sequence counts each time that it is shown.",
    "The best constant answer has a mean squared error of 1/24 = 0.0417, less what the rare sequences take away whose "
    "first pair was chosen and set to zero: 0.0392 at length 100.",
    "The published count of sequences is up to the stop: 2000 in a row right.",
)
REBER_NOTES = (
    "Solved: every next symbol of every training and test string is predicted. Brackets: Wilson's 95 % interval.",
    "Memory: the last symbol but one, which repeats the second; without memory half or more are wrong.",
    "The published count of strings is that of the runs that solved it.",
)
LAG_NOTES = (
    "Norm of the derivative of the output by the input so many steps before the last, mean over 256 test sequences. "
    "The LSTM of 1997 has its truncated one here, which is what it learns from.",
    "Factor per step: by how much it changes from one step to the one before, from a line through the logarithms.",
)


def lags(group: Group) -> list[int]:
    """The lags at which the group's runs measured a gradient, in order."""
    return sorted(int(match[1]) for name in group.runs if (match := AT_LAG.fullmatch(name)) and group.values(name))


def net(group: Group) -> str:
    """What the group's recipe trains, in words."""
    name = _named(group, "model")
    one_step = group.resolved.get("model", {}).get("gradient") == "one_step"
    return NETS.get(name, name) + (" (Elman)" if one_step else "")


def rule(group: Group) -> str:
    """How it is trained, in words."""
    name = _named(group, "training")
    one_step = group.resolved.get("model", {}).get("gradient") == "one_step"
    return "gradient through one step only, Adam" if one_step and name == "adam" else RULES.get(name, name)


def shown_per_step(group: Group) -> int:
    """How many sequences a step of training looks at."""
    return int(group.resolved.get("training", {}).get("batch_size", 1))


def _table(
    title: str,
    runs: pd.DataFrame,
    found: Sequence[Group],
    belongs: Callable[[Group], Any],
    row: Callable[[Group], dict[str, Any]],
    notes: Sequence[str],
) -> Table:
    own = [group for group in found if belongs(group)]
    several = len({group.device for group in own}) > 1
    rows = [
        {
            "recipe": group.recipe, "variant": group.variant, "budget": group.budget,
            "device": group.device if several else None, "net": net(group), "rule": rule(group),
        } | row(group)
        for group in own
    ]  # fmt: skip
    others = {group.recipe for group in found} - {group.recipe for group in own}
    return Table.of(title, rows, [*notes, *footnotes(runs[~runs["recipe"].isin(others)], own, rows)], KEYS)


def _adding(group: Group) -> dict[str, Any]:
    return {
        "length": group.resolved.get("data", {}).get("length"),
        "parameters": group.constant("parameters"),
        "published_parameters": group.published("parameters"),
        "test_mean_squared_error": group.measure("test_mean_squared_error"),
        "test_wrong_percent": group.measure("test_wrong_percent"),
        "published_test_wrong_percent": group.published("test_wrong_percent"),
        "sequences": _sequences(group),
        "published_sequences": group.published("sequences"),
    }


def _reber(group: Group, own: Sequence[Group]) -> dict[str, Any]:
    """own: the groups of recipes as they stand; what is published is of their learning rate."""
    train, test = group.by_seed("train_solved"), group.by_seed("test_solved")
    solved = [train[seed] * test[seed] for seed in train.keys() & test.keys()]
    return {
        "parameters": group.constant("parameters"),
        "published_parameters": group.published("parameters"),
        "solved_percent": wilson_interval(round(sum(solved)), len(solved)).scaled(100) if solved else None,
        "published_solved_percent": group.published("solved_percent") if group in own else None,
        "test_wrong_strings_percent": group.measure("test_wrong_strings_percent"),
        "test_wrong_memory_percent": group.measure("test_wrong_memory_percent"),
        "strings": _sequences(group),
        "published_strings": group.published("strings") if group in own else None,
    }


def _gradient(group: Group) -> dict[str, Any]:
    found = lags(group)
    few = dict.fromkeys((found[0], found[len(found) // 2], found[-1]))
    return {
        "trained": _named(group, "training") != "no_learning",
        "gradient_factor_per_step": group.measure("test_gradient_factor_per_step"),
    } | {f"log10_gradient_norm_at_lag_{lag}": _log10(group.values(f"test_gradient_norm_at_lag_{lag}")) for lag in few}


def _log10(norms: Sequence[float]) -> Measure:
    """Of norms over many powers of ten, mean and deviation of the logarithms."""
    return Measure.of([math.log10(max(norm, SMALLEST)) for norm in norms])


def _sequences(group: Group) -> float | None:
    """How many sequences a run was shown, in the mean; None where nothing is learnt step by step."""
    steps = group.measure("steps")
    if steps is None or _named(group, "training") in ("no_learning", "mean_target"):
        return None
    return round(steps.mean * shown_per_step(group))


def _is_adding(group: Group) -> bool:
    return bool(group.values("test_mean_squared_error")) and _named(group, "training") != "no_learning"


def _is_reber(group: Group) -> bool:
    return bool(group.values("test_wrong_memory_percent"))


def _named(group: Group, part: str) -> str:
    return str(group.resolved.get(part, {}).get("name", ""))
