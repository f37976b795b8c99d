"""How often `dlbench history` marks a change where there is none, and how often and where it marks one of 5 %.

`python tests/benchmarks/change_points.py` prints a table of simulated series of 30 commits, always the same ones, and
what came out of real timings: one commit, timed thirty times by `dlbench time lenet-digits --threads 1 --repeats 2
--min-seconds 0.5`, while others used the machine until shortly before the tenth.
"""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from dlbench.stats.change_points import change_points

SERIES, COMMITS, CHANGED = 2000, 30, 19
TIMINGS = Path(__file__).parents[2] / "results" / "trust" / "thirty-timings.ndjson.gz"
Values = NDArray[np.float64]


def main() -> None:
    """Print the table."""
    rng = np.random.default_rng(0)
    print("| 30 commits, of which | series with a mark | mark at the very commit | at it or a neighbour |")
    print("|---|---:|---:|---:|")
    for words, draw in nothing(rng):
        marked = sum(bool(change_points(list(draw()))) for _ in range(SERIES))
        print(f"| {words} | {share(marked)} | | |")
    for scatter in (0.01, 0.02, 0.03, 0.1):
        marks = [change_points(list(slowed(rng.normal(1, scatter, COMMITS)))) for _ in range(SERIES)]
        near = [min((abs(place - CHANGED) for place in places), default=COMMITS) for places in marks]
        shares = [sum(map(bool, marks)), sum(off == 0 for off in near), sum(off <= 1 for off in near)]
        words = f"the 20th and later are 5 % slower; they scatter by {scatter:.0%}".replace("%", " %")
        print(f"| {words.replace('5  %', '5 %')} | {' | '.join(map(share, shares))} |")

    print()
    lines = gzip.decompress(TIMINGS.read_bytes()).decode().splitlines()
    rates = [float(np.mean(json.loads(line)["examples_per_second"])) for line in lines]
    print(f"- One commit, really timed {len(rates)} times: {outcome(rates)}.")
    print(f"- Of these the last {len(rates) - 9}, when the machine had come to rest: {outcome(rates[9:])}.")


def outcome(rates: list[float]) -> str:
    """How far real values scatter, and which are marked."""
    marked = [str(place + 1) for place in change_points(rates)]
    scatter = float(np.std(np.log(rates), ddof=1))
    return f"scatter {100 * scatter:.0f} %, marked: {', '.join(marked) or 'none'}"


def nothing(rng: np.random.Generator) -> Iterator[tuple[str, Callable[[], Values]]]:
    """Series in which nothing changed: in any order, with wild values, and where a commit resembles the one before."""
    yield "none changed", lambda: rng.normal(size=COMMITS)
    yield "none changed, and some are wild (Student's t, 1.5 degrees)", lambda: rng.standard_t(1.5, COMMITS)
    for r in (0.2, 0.5):
        yield f"none changed, but the machine drifts: neighbours correlate by {r}", lambda r=r: drifting(rng, r)  # type: ignore[misc]


def drifting(rng: np.random.Generator, r: float) -> Values:
    """A series in which each value keeps a share of the one before."""
    values = rng.normal(size=COMMITS)
    values[0] /= np.sqrt(1 - r * r)
    for place in range(1, COMMITS):
        values[place] += r * values[place - 1]
    return values


def slowed(values: Values) -> Values:
    """The same with the 20th and later 5 % less."""
    return values * np.where(np.arange(COMMITS) < CHANGED, 1, 0.95)


def share(count: int) -> str:
    """As a percentage."""
    return f"{100 * count / SERIES:.1f} %"


if __name__ == "__main__":
    main()
