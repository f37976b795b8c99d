"""How long the commands that load no torch take to answer, against a bare process that imports typer.

python tests/benchmarks/startup.py --seconds 20     # raw laps as JSON lines
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from functools import partial

from processes import as_installed, run
from row import Row
from turns import Lap, rates, ratio, take_turns, tell

from dlbench.stats.estimates import median

BARE = 'python -c "import typer"'
COMMANDS = {
    BARE: ["-c", "import typer"],
    "dlbench --help": ["-m", "dlbench", "--help"],
    "dlbench list": ["-m", "dlbench", "list"],
}


def laps(seconds: float, rounds: int) -> Iterator[Lap]:
    """Every command, each in a fresh process."""
    with as_installed() as environment:
        parties = {name: partial(run, command, environment) for name, command in COMMANDS.items()}
        yield from take_turns(parties, seconds, rounds)


def rows(taken: Sequence[Lap]) -> Iterator[Row]:
    """Each command's time over the bare process's."""
    bare = 1 / median(rates(taken, BARE, "processes"))
    for name in list(COMMANDS)[1:]:
        found = ratio(taken, BARE, name, "processes")
        mine = 1 / median(rates(taken, name, "processes"))
        text = f"{found}: {mine * 1000:.0f} ms against {bare * 1000:.0f} ms"
        yield Row(f"{name} against {BARE}", text, "<= 2.5 x", found.value <= 2.5)


def main() -> None:
    """Print the laps."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=20.0)
    parser.add_argument("--rounds", type=int, default=10)
    given = parser.parse_args()
    tell(laps(given.seconds, given.rounds))


if __name__ == "__main__":
    main()
