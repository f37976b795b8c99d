"""Limits no narrower than this machine can resolve: the base environment measured against itself, before the gate."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

from dlbench import streams
from dlbench.judge import limits, metrics
from dlbench.judge.environments import Environment
from dlbench.judge.limits import Limit
from dlbench.judge.rounds import Case, Timings

if TYPE_CHECKING:
    from dlbench.stats.null_check import NullCheck

NULL: Final = ("null-base", "null-head")  # what the two sides are called
MORE: Final = 2  # times as many rounds as the gate takes: they know better how far chance reaches
Measure = Callable[[Sequence[Case], Mapping[str, Environment], int, Path], Timings]  # `count` times, into a folder
TOO_COARSE: Final = 0.5  # a gate that may miss half the speed is none


@dataclass(frozen=True)
class Checked:
    """A case's limits after the null check.

    limits: those in force, some of them widened. refused: by metric, why no limit on it can be checked here.
    """

    limits: Sequence[Limit]
    refused: Mapping[str, str] = field(default_factory=dict)
    notes: Sequence[str] = ()

    @property
    def is_pointless(self) -> bool:
        """Whether every limit of the case was refused."""
        return bool(self.refused) and not self.limits


def pool(base: Environment, cases: Sequence[Case], count: int, measure: Measure, out: Path) -> Timings:
    """The base environment against itself, in MORE times as many rounds as the gate will take."""
    streams.say(f"null check: base against itself in {MORE * count} rounds: {2 * MORE * count * len(cases)} processes")
    return measure(cases, dict.fromkeys(NULL, base), MORE * count, out)


def check(case: Case, timings: Timings, gate_limits: Sequence[Limit], count: int) -> Checked:
    """The case's limits for a gate of `count` rounds, from what `pool` took."""
    valid: list[Limit] = []
    refused: dict[str, str] = {}
    notes: list[str] = []
    for name in dict.fromkeys(limit.metric for limit in gate_limits):
        limit = limits.choose(gate_limits, case.recipe, name)
        if limit is None:
            continue
        null = _null_check(case, timings, name, count)
        least = null.chance_share(metrics.metric(name).better) if null else 0.0
        if least >= TOO_COARSE:
            refused[name] = (
                f"base differs from itself by up to {100 * least:.0f} %: quieten the machine, or --min-seconds"
            )
            continue
        valid.append(_widened(limit, null, least) if null else limit)
        notes += [f"{case.recipe} {case.measured}: {_finding(limit, valid[-1], null)}"] if null else []
    return Checked(valid, refused, notes)


def _null_check(case: Case, timings: Timings, metric: str, count: int) -> NullCheck | None:
    """None where the metric was not measured often enough, or has a value of zero."""
    from dlbench.stats.null_check import NullCheck

    first, second = (timings.values(case, side, metric) for side in NULL)
    pairs = [(first[number], second[number]) for number in sorted(first.keys() & second.keys())]
    return NullCheck(pairs, count) if len(pairs) >= count and min(map(min, pairs)) > 0 else None


def _widened(limit: Limit, null: NullCheck, least: float) -> Limit:
    """The limit, or if it is narrower what chance exceeds in 5 % of comparisons, rounded up to 0.1 %."""
    if limit.allowed(metrics.metric(limit.metric), null.typical) >= least:
        return limit
    return replace(limit, amount=math.ceil(1000 * least) / 10, is_percent=True)


def _finding(limit: Limit, widened: Limit, null: NullCheck) -> str:
    """What the null check found for one limit."""
    metric = metrics.metric(limit.metric)
    before, after = (
        f"{100 * null.alarms(bound.allowed(metric, null.typical), metric.better):.1f} %" for bound in (limit, widened)
    )
    finding = f"null check: {before} of {len(null.comparisons):,} comparisons of BASE with itself breach {limit.bare}"
    if widened == limit:
        return f"{finding}; it holds as it is."
    return f"{finding}; chance alone may reach {widened.text}: widened to that, which {after} breach."


def how(count: int) -> str:
    """How to read the notes of the null check."""
    return (
        f"Null check: {2 * MORE * count} processes of BASE in {MORE * count} rounds of two; any {count} of the rounds, "
        "with either of a round's two as the new side, are one comparison. A limit narrower than the 95 % quantile of "
        "their distances (stretched by Student's t over the normal quantile: the pool is small) is widened to it."
    )
