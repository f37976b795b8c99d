"""How often `dlbench gate` tells two speeds apart that are the same, and how often it finds a real slowdown.

    python tests/benchmarks/trust.py --json gates.ndjson      # three minutes a gate; the same command goes on

A gate holds LeNet-5's training against the same again, or against the same made slower in every step. The first must
be told apart in at most 5 % of gates, the second in at least 95 %. Every gate takes all its pairs of processes; where
the rule would have stopped is worked out afterwards. As pairs are independent of each other, further gates are drawn
from all of them: as many pairs in random order, either side of the same thing being the new one.
"""

from __future__ import annotations

import argparse
import json
import math
import random
import shutil
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from row import Row, show
from turns import opened

from dlbench.judge import environments, turns
from dlbench.judge.rounds import Case
from dlbench.stats import estimates
from dlbench.stats.turns import FEWEST_PAIRS, difference, level

HERE = Path(__file__).parent
RECIPE = "slowed-lenet.yaml"
GATES, PAIRS, MINUTES = 20, 10, 1.0
DRAWN = 1000
CLOCKS = {"pairs": "examples_per_second", "processor_pairs": "processor_ms_per_step"}
OPTIONS = ("--device", "cpu", "--threads", "1")  # one thread: what the other core does is then another matter

Pairs = list[list[float]]


class Outcome(NamedTuple):
    """What a gate says: the ratio of speeds, whether it is told apart, after how large a share of its minutes."""

    ratio: float
    is_real: bool
    share: float


def main() -> int:
    """Take what is missing, print the rates; exit code 1 if one misses its bar."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--gates", type=int, default=GATES, help="of each kind")
    parser.add_argument("--slower", type=float, default=5.0, metavar="PERCENT", help="how much the third party is")
    parser.add_argument("--minutes", type=float, default=MINUTES, help="of measuring in a gate")
    parser.add_argument("--json", type=Path, required=True, metavar="FILE", help="raw blocks of laps, one gate a line")
    parser.add_argument("--markdown", action="store_true", help="write the table as Markdown")
    given = parser.parse_args()
    gates = kept(given.json)
    for gate in missing(gates, given.gates, (0.0, given.slower), given.minutes):
        gates.append(gate)
        with opened(given.json, "a") as file:
            file.write(json.dumps(gate) + "\n")
    kinds = dict.fromkeys((gate["slower_percent"], gate["minutes"]) for gate in gates)
    shown = [
        row
        for kind in sorted(kinds)
        for clock, name in CLOCKS.items()
        if (some := of_kind(gates, *kind, clock))
        for row in rows(*kind, name, some)
    ]
    show(shown, "How often a gate tells true", as_markdown=given.markdown)
    return int(any(row.met is False for row in shown))


def kept(path: Path) -> list[dict[str, Any]]:
    """The gates that an earlier call has taken."""
    if not path.exists():
        return []
    with opened(path, "r") as file:
        return list(map(json.loads, file))


def missing(
    gates: Sequence[dict[str, Any]], count: int, slower: Sequence[float], minutes: float
) -> Iterator[dict[str, Any]]:
    """Take the gates that are not there yet, the kinds in turns."""
    done = {(gate["gate"], gate["slower_percent"], gate["minutes"]) for gate in gates}
    for number in range(count):
        for percent in slower:
            if (number, percent, minutes) not in done:
                blocks = taken(percent, minutes)
                gate = {"gate": number, "slower_percent": percent, "minutes": minutes}
                yield gate | {"pairs": blocks["seconds"], "processor_pairs": blocks["cpu_seconds"]}


def taken(percent: float, minutes: float) -> dict[str, Pairs]:
    """By clock, the blocks of all pairs of one gate."""
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        for side, value in (("base", 0.0), ("head", percent)):
            (folder / side).mkdir()
            shutil.copy(HERE / "slowed.py", folder / side)
            text = (HERE / RECIPE).read_text().replace("slower_percent: 0.0", f"slower_percent: {value}")
            (folder / side / RECIPE).write_text(text)
        sides = {side: environments.find(str(folder / side)) for side in ("base", "head")}
        case = Case(f"./{RECIPE}", "train", None)
        found = turns.take([case], sides, PAIRS, minutes, OPTIONS, folder / "out")
    if found.failed:
        sys.exit(found.failed[case])
    return found.turns[case]


def of_kind(gates: Sequence[dict[str, Any]], percent: float, minutes: float, clock: str) -> list[Pairs]:
    """The pairs of each gate of one kind that knows this clock."""
    kind = (percent, minutes)
    return [gate[clock] for gate in gates if clock in gate and (gate["slower_percent"], gate["minutes"]) == kind]


def outcome(pairs: Pairs) -> Outcome:
    """What a gate says of these pairs, one after the other."""
    for count in range(FEWEST_PAIRS, len(pairs) + 1):
        found = difference(pairs[:count], level(count, len(pairs)))
        if found.is_real or found.is_same():
            break
    return Outcome(found.estimate.value, found.is_real, count / len(pairs))


def drawn(gates: Sequence[Pairs], swaps: bool) -> Iterator[Pairs]:
    """Gates of pairs from any gate; swaps: whether either side may be the new one."""
    chance, pool = random.Random(0), [pair for pairs in gates for pair in pairs]
    for _ in range(DRAWN):
        yield [
            [-block for block in pair] if swaps and chance.random() < 0.5 else pair
            for pair in chance.sample(pool, min(PAIRS, len(pool)))
        ]


def rows(percent: float, minutes: float, metric: str, gates: Sequence[Pairs]) -> Iterator[Row]:
    """How often such gates tell the sides apart, of those taken and those drawn; the ratio, and when they stopped."""
    what = f"{percent:g} % slower, called slower" if percent else "the same twice, called different"
    what = f"{metric}: {what}"
    bar = ">= 95 %" if percent else "<= 5 %"
    found, again = ([outcome(pairs) for pairs in some] for some in (gates, drawn(gates, swaps=not percent)))
    told = sum(each.is_real and (not percent or each.ratio < 1) for each in found)
    yield row(f"{what} ({minutes:g} min, {PAIRS} pairs)", told, len(found), bar)
    share = 100 * sum(each.is_real and (not percent or each.ratio < 1) for each in again) / len(again)
    yield Row(f"{what}: drawn from {len(gates) * PAIRS} pairs", f"{share:.1f} % of {len(again)}", bar, met(share, bar))
    centres = sorted(math.log(each.ratio) for each in found)
    text = f"{math.exp(estimates.mean(centres)):.3f} ({math.exp(centres[0]):.3f} to {math.exp(centres[-1]):.3f})"
    yield Row(f"{what}: ratio of the speeds (true: {1 / (1 + percent / 100):.3f})", text)
    yield Row(f"{what}: minutes until it stopped", f"{minutes * estimates.mean([each.share for each in found]):.2g}")


def row(work: str, count: int, of: int, bar: str) -> Row:
    """A count as a share with its interval, beside a bar such as `<= 5 %`."""
    share = estimates.wilson_interval(count, of).scaled(100)
    text = f"{count} of {of}: {share.value:.1f} % ({share.low:.1f} to {share.high:.1f})"
    return Row(work, text, bar, met(share.value, bar))


def met(percent: float, bar: str) -> bool:
    """Whether a share keeps to a bar."""
    relation, limit, _ = bar.split()
    return percent <= float(limit) if relation == "<=" else percent >= float(limit)


if __name__ == "__main__":
    sys.exit(main())
