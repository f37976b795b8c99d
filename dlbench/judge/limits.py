"""Limits on how much worse a metric may get: what a user writes, and which limit holds for which recipe."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from dlbench import reading
from dlbench.errors import InputError
from dlbench.judge import metrics
from dlbench.judge.metrics import NEITHER, Metric
from dlbench.reading import near

AMOUNT: Final = re.compile(
    r"(?P<number>(?:(?:0|[1-9]\d*)(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?)\s*(?P<percent>%?)", re.ASCII
)
HOW: Final = "write METRIC:LIMIT, such as examples_per_second:5% or test_error_percent:0.5"


@dataclass(frozen=True)
class Limit:
    """The most that a metric may get worse: a share of the base value in per cent, or an amount in the metric's unit.

    recipe: the one it is for; empty for all. where: the user's own words, for errors. is_shared: from a file.
    """

    metric: str
    amount: float
    is_percent: bool
    recipe: str = ""
    where: str = field(default="", compare=False)
    is_shared: bool = field(default=False, compare=False)

    def __str__(self) -> str:
        """As `parse` reads it."""
        return f"{self.recipe}/{self.bare}" if self.recipe else self.bare

    @property
    def bare(self) -> str:
        """Without the recipe."""
        return f"{self.metric}:{self.text}"

    @property
    def text(self) -> str:
        """The amount alone."""
        return repr(self.amount).removesuffix(".0") + ("%" if self.is_percent else "")

    def allowed(self, metric: Metric, base: float) -> float:
        """The amount on the scale of a comparison: a share of the base for speeds, else in the metric's unit."""
        if metric.kind == "speed":
            return self.amount / 100 if self.is_percent else self.amount / abs(base)
        return abs(base) * self.amount / 100 if self.is_percent else self.amount


def parse(text: str, where: str = "--fail") -> Limit:
    """`[RECIPE/]METRIC:LIMIT` -> Limit; InputError, beginning with `where`, for anything else."""
    problem = f"{where} {reading_aloud(text)}"
    name, colon, amount = text.rpartition(":")
    recipe, slash, metric = name.rpartition("/")
    recipe, metric = recipe.strip(), metric.strip()
    if not colon or not metric or (slash and not recipe):
        raise InputError(f"{problem}: {HOW}")
    number, is_percent = _amount(amount, problem)
    return Limit(metric, number, is_percent, recipe, problem)


def load(path: Path) -> list[Limit]:
    """The limits in a YAML file, `{recipe: {metric: limit}}`; InputError names the file, the key and what is wrong."""
    limits = []
    for recipe, amounts in reading.read_mapping(path).items():
        if not isinstance(amounts, dict):
            raise InputError(f"{path}: {recipe}: write its limits below it, such as {{examples_per_second: 5%}}")
        for metric, amount in amounts.items():
            where = f"{path}: {recipe}: {metric}"
            if isinstance(amount, bool) or not isinstance(amount, str | int | float):
                raise InputError(f"{where}: {amount!r} is not a limit; write 5% or 0.5")
            limits.append(Limit(metric, *_amount(str(amount), where), recipe, where, is_shared=True))
    return limits


def check(limits: Iterable[Limit], recipes: Sequence[str], measured: Sequence[str]) -> None:
    """Raise InputError for a limit on what neither side has, or on a metric that cannot get worse.

    A file of limits may serve many jobs: those for recipes that this one has not measured are no error.
    """
    for limit in limits:
        if limit.recipe and limit.recipe not in recipes:
            if limit.is_shared:
                continue
            raise InputError(f"{limit.where}: neither side has a recipe '{limit.recipe}'{near(limit.recipe, recipes)}")
        metrics.check(limit.metric, measured, limit.where)
        if metrics.metric(limit.metric).better == NEITHER:
            raise InputError(f"{limit.where}: '{limit.metric}' has no better and no worse side to limit")


def choose(limits: Sequence[Limit], recipe: str, metric: str) -> Limit | None:
    """The limit that holds: one for this recipe before one for all, and of several the last."""
    fitting = [limit for limit in limits if limit.metric == metric and limit.recipe in ("", recipe)]
    return max(reversed(fitting), key=lambda limit: bool(limit.recipe), default=None)


def reading_aloud(text: str) -> str:
    """What a user wrote, on one line and not endless."""
    line = "".join(letter if letter.isprintable() else " " for letter in text)
    return line if len(line) <= 80 else f"{line[:77]}..."


def _amount(text: str, where: str) -> tuple[float, bool]:
    """The number and whether it is a share; `010` is none: YAML reads it as 8, if at all."""
    match = AMOUNT.fullmatch(text.strip())
    number = float(match["number"]) if match else math.nan
    if match is None or not math.isfinite(number):
        raise InputError(f"{where}: '{reading_aloud(text.strip())}' is not a limit; write 5% or 0.5")
    return number, bool(match["percent"])
