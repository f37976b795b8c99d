"""What each switch of the training loop is worth: the same recipe with it and without, lap by lap in turns.

python tests/benchmarks/switches.py lenet-mnist --seconds 60      # raw laps as JSON lines

Each party is a `dlbench time` of its own, since some switches hold for a whole process.
"""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from functools import partial

from row import Row
from turns import Lap, rate, rates, ratio, take_turns, tell

from dlbench.judge.environments import Environment, Talk

USUAL = "no switch"
COMPILED = (
    "--compile", "--compile --compile-mode reduce-overhead", "--compile --compile-mode max-autotune",
)  # fmt: skip
SWITCHES = (
    "--no-channels-last", "--optimizer loop", "--optimizer foreach", "--input loader", "--input loader --workers 2",
    "--deterministic", "--precision bf16", *COMPILED,
)  # fmt: skip
LAP_SECONDS = 0.5
REST_SECONDS = 0.3


def laps(name: str, seconds: float, rounds: int, most: int) -> Iterator[Lap]:
    """Laps of the recipe as it usually trains, and with the first so many switches."""
    here = Environment(sys.executable, sys.executable)
    can_compile = any(map(shutil.which, ("c++", "g++", "clang++")))
    parties = [USUAL, *(switch for switch in SWITCHES if can_compile or switch not in COMPILED)][: most + 1]
    with tempfile.TemporaryDirectory() as scratch, ExitStack() as stack:
        talks = {
            party: stack.enter_context(here.talk(["time", name, "--turns", "--out", scratch, *options(party)]))
            for party in parties
        }
        for talk in talks.values():
            talk.hear("built")
        steps = _steps(talks[USUAL])
        yield from take_turns(
            {party: partial(_lap, talk, steps, party) for party, talk in talks.items()}, seconds, rounds
        )


def options(party: str) -> list[str]:
    """The switch as words of a command."""
    return [] if party == USUAL else party.split()


def _steps(talk: Talk) -> int:
    """How many steps of the usual loop make a lap."""
    _turn(talk, 1)
    steps = 1
    while (seconds := _turn(talk, steps)["seconds"]) < LAP_SECONDS / 4:
        steps *= 2
    return max(1, round(LAP_SECONDS * steps / float(seconds)))


def _lap(talk: Talk, steps: int, party: str) -> Lap:
    """A lap. A loader's workers read ahead while others have their turn: that is used up first, and filled again."""
    workers = int(party.partition("--workers ")[2] or 0)
    if workers:
        _turn(talk, 3 * workers)
    taken = _turn(talk, steps)
    time.sleep(REST_SECONDS if workers else 0)
    return taken


def _turn(talk: Talk, steps: int) -> Lap:
    talk.say(steps)
    turn = talk.hear("turn")
    return {"seconds": turn["seconds"], "examples": turn["examples"]}


def rows(name: str, taken: Sequence[Lap]) -> Iterator[Row]:
    """Each switch's speed over that without."""
    usual = rate(taken, USUAL, "examples")
    for switch in SWITCHES:
        if rates(taken, switch, "examples"):
            found = ratio(taken, switch, USUAL, "examples")
            speeds = f"{rate(taken, switch, 'examples'):,.0f} against {usual:,.0f} examples/s"
            yield Row(f"{name} train, {switch}", f"{found}: {speeds}")


def main() -> None:
    """Print one recipe's laps."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("name")
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--most", type=int, default=len(SWITCHES), help="only the first so many switches")
    given = parser.parse_args()
    tell(laps(given.name, given.seconds, given.rounds, given.most))


if __name__ == "__main__":
    main()
