"""How often `dlbench compare` calls two speeds different that are the same, and how often it finds a real slowdown.

    python tests/benchmarks/trust.py --json trust.ndjson      # an hour; the same command goes on

A comparison takes fresh processes of three parties in turns: LeNet-5's training as it is, the same again, and the same
made 5 % slower in every step. The first two must be called different in at most 5 % of the comparisons, the first
and the third in at least 95 %. How many processes that takes is up to the machine: the same processes are shown as
many comparisons of a few, and as fewer comparisons of four times as many.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from row import Row, show
from turns import opened

from dlbench.cli import time as timing
from dlbench.records.timing_files import lap_seconds
from dlbench.stats import difference, estimates
from dlbench.trials import plan

RECIPE = Path(__file__).with_name("slowed-lenet.yaml")
AS_IT_IS, AGAIN, SLOWER = "as it is", "again", "5 % slower"
PARTIES = {AS_IT_IS: 0.0, AGAIN: 0.0, SLOWER: 5.0}
COMPARISONS, PROCESSES = 40, 5
TOGETHER = 4  # comparisons that make a larger one
SECONDS = 1.0  # of laps in a process

Lap = dict[str, Any]


def main() -> int:
    """Take what is missing, print both rates; exit code 1 if one misses its bar."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--comparisons", type=int, default=COMPARISONS)
    parser.add_argument("--processes", type=int, default=PROCESSES, help="of each party in a comparison")
    parser.add_argument("--json", type=Path, required=True, metavar="FILE", help="raw timings, one process a line")
    parser.add_argument("--markdown", action="store_true", help="write the table as Markdown")
    given = parser.parse_args()
    taken = kept(given.json)
    for process in missing(taken, given.comparisons, given.processes):
        taken.append(process)
        with opened(given.json, "a") as file:
            file.write(json.dumps(process) + "\n")
    sizes = (1, TOGETHER) if given.comparisons >= TOGETHER else (1,)
    shown = [row for size in sizes for row in rows(taken, given.comparisons, given.processes, together=size)]
    show(shown, "How often a comparison tells true", as_markdown=given.markdown)
    return 0 if all(row.met for row in shown) else 1


def kept(path: Path) -> list[Lap]:
    """The processes that an earlier call has timed."""
    if not path.exists():
        return []
    with opened(path, "r") as file:
        return list(map(json.loads, file))


def missing(taken: Iterable[Lap], comparisons: int, processes: int) -> Iterator[Lap]:
    """Time the processes that are not there yet, in turns; the order of the parties moves on from round to round."""
    done = {(process["comparison"], process["process"], process["party"]) for process in taken}
    for comparison in range(comparisons):
        for number in range(processes):
            shift = (comparison + number) % len(PARTIES)
            for party in [*PARTIES][shift:] + [*PARTIES][:shift]:
                if (comparison, number, party) not in done:
                    yield {"comparison": comparison, "process": number, "party": party, **timed(party)}


def timed(party: str) -> Lap:
    """What a fresh process tells of this party."""
    [trial] = plan.trials(  # one thread: what the other core does is then another matter
        [str(RECIPE)],
        device="cpu",
        threads=1,
        seeds=[0],
        budget="full",
        settings=[f"training.slower_percent={PARTIES[party]}"],
    )
    case = timing.Case(trial, "train", synthetic=False)
    return vars(timing.answer(case, "time", least_seconds=SECONDS, most_seconds=SECONDS, probe=False))


def rows(taken: Sequence[Lap], comparisons: int, processes: int, together: int = 1) -> Iterator[Row]:
    """Both rates, each with Wilson's interval; so many comparisons `together` count as one with all their processes."""
    speeds = rates(taken)

    def side(first: int, party: str) -> list[float]:
        return [speed for number in range(together) for speed in speeds[first + number, party][:processes]]

    firsts = range(0, comparisons - together + 1, together)
    found = {
        party: [difference.of_speeds(side(first, AS_IT_IS), side(first, party)) for first in firsts]
        for party in (AGAIN, SLOWER)
    }
    each = f"{together * processes} processes a side"
    different = sum(one.is_real for one in found[AGAIN])
    yield row(f"the same twice, called different ({each})", different, len(firsts), "<= 5 %")
    slower = sum(one.is_real and one.estimate.value < 1 for one in found[SLOWER])
    yield row(f"5 % slower, called slower ({each})", slower, len(firsts), ">= 95 %")
    ratios = sorted(one.estimate.value for one in found[SLOWER])
    text = f"{estimates.median(ratios):.3f} ({ratios[0]:.3f} to {ratios[-1]:.3f})"
    yield Row(f"5 % slower, ratio of the speeds ({each}; 1 / 1.05 = 0.952)", text)


def rates(taken: Iterable[Lap]) -> Mapping[tuple[int, str], list[float]]:
    """Examples a second of each process, by comparison and party."""
    found: dict[tuple[int, str], list[float]] = defaultdict(list)
    for process in taken:
        found[process["comparison"], process["party"]].append(process["examples"] / lap_seconds(process))
    return found


def row(work: str, count: int, of: int, bar: str) -> Row:
    """A count as a share with its interval, beside a bar such as `<= 5 %`."""
    share = estimates.wilson_interval(count, of).scaled(100)
    relation, limit, _ = bar.split()
    met = share.value <= float(limit) if relation == "<=" else share.value >= float(limit)
    return Row(work, f"{count} of {of}: {share.value:.1f} % ({share.low:.1f} to {share.high:.1f})", bar, met)


if __name__ == "__main__":
    sys.exit(main())
