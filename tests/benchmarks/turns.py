"""Laps of several parties taken in turns, so that whatever disturbs the machine disturbs all of them alike."""

from __future__ import annotations

import gzip
import itertools
import json
import math
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, cast

from dlbench.stats.estimates import median

Lap = dict[str, Any]


def take_turns(parties: Mapping[str, Callable[[], Lap]], seconds: float, rounds: int) -> Iterator[Lap]:
    """Rounds in which every party takes one lap: at least `rounds`, and until `seconds` have passed.

    The order is reversed every other round (ABBA), so that a slow drift favours nobody. Each lap has a first one that
    is not kept, in which caches fill and compilers compile.
    """
    for name, lap in parties.items():
        yield {"party": name, "round": -1, **lap()}
    began = time.perf_counter()
    for number in itertools.count():
        if number >= rounds and time.perf_counter() - began >= seconds:
            return
        for name in list(parties)[:: -1 if number % 2 else 1]:
            yield {"party": name, "round": number, **parties[name]()}


def tell(laps: Iterable[Lap]) -> None:
    """Print laps as JSON lines, each as soon as it is there."""
    for lap in laps:
        print(json.dumps(lap), flush=True)


def opened(path: Path, mode: str) -> IO[str]:
    """A file of JSON lines, compressed if it is called so."""
    if path.suffix == ".gz":
        return cast(IO[str], gzip.open(path, f"{mode}t", encoding="utf-8"))
    return path.open(mode, encoding="utf-8")


@dataclass(frozen=True)
class Ratio:
    """The median over the rounds of one party's rate divided by another's, and the 95 % interval of that median."""

    value: float
    low: float
    high: float

    def __str__(self) -> str:
        return f"{self.value:,.3g} x ({self.low:,.3g} to {self.high:,.3g})"


def ratio(laps: Sequence[Lap], party: str, other: str, amount: str) -> Ratio:
    """How much more of `amount` a second one party gets done than the other, from the laps of each round."""
    pairs = zip(rates(laps, party, amount), rates(laps, other, amount), strict=True)
    return median_interval([mine / yours for mine, yours in pairs])


def rates(laps: Sequence[Lap], party: str, amount: str) -> list[float]:
    """A party's `amount` a second in each round."""
    return [lap[amount] / lap["seconds"] for lap in laps if lap["party"] == party and lap["round"] >= 0]


def rate(laps: Sequence[Lap], party: str, amount: str) -> float:
    """A party's median `amount` a second."""
    return median(rates(laps, party, amount))


def median_interval(values: Sequence[float]) -> Ratio:
    """The median with its interval from order statistics (the binomial's normal approximation); below 6 the range."""
    ordered = sorted(values)
    outside = max(0, math.floor(len(ordered) / 2 - 0.98 * math.sqrt(len(ordered))))
    return Ratio(median(ordered), ordered[outside], ordered[-1 - outside])
