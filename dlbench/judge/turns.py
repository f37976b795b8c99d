"""Measuring with both sides alive: laps of a fraction of a second, in turns, in several pairs of processes.

A machine's disturbances change from second to second, so they hit both processes of a pair alike. What is peculiar to a
process (its memory's layout, its core) lasts to its end, and is averaged over pairs of fresh ones.
"""

from __future__ import annotations

import math
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Final

from dlbench import streams
from dlbench.judge import rounds
from dlbench.judge.environments import Environment, Failed, Talk, names
from dlbench.judge.metrics import BY_LAPS
from dlbench.judge.rounds import Case, Timings

LAP_SECONDS: Final = 0.05  # on a busy machine, means of pairs scatter by 60 % as much as with laps of a quarter second
FEWEST_BLOCKS: Final = 2  # of a pair, however long a step takes
WARM_SECONDS: Final = 0.5
SCALE_SECONDS: Final = 0.05  # a lap from which the number of steps is worked out
CLOCKS: Final = tuple(dict.fromkeys(BY_LAPS.values()))
LEAST_SECONDS: Final = 1e-9  # of processor time: a lap may have none that its clock can tell
Lap = Mapping[str, float]
IsDecided = Callable[[Case, Timings], bool]


def never(case: Case, timings: Timings) -> bool:
    """Take all pairs there may be."""
    return False


def take(
    cases: Sequence[Case], sides: Mapping[str, Environment], count: int, minutes: float, options: Sequence[str],
    out: Path, is_decided: IsDecided = never,
) -> Timings:  # fmt: skip
    """Measure each case in up to `count` pairs of processes, which take laps in turns for `minutes` in all.

    sides: two, by a label, which is also the folder below `out` that keeps timing files. is_decided: asked after each
    pair; a case that is decided takes no more of them.
    """
    timings = Timings({case: {side: [] for side in sides} for case in cases})
    for number in range(count):
        for case in cases:
            if case in timings.failed or (number and is_decided(case, timings)):
                continue
            try:
                _pair(case, sides, number, 60 * minutes / count, options, timings, out)
            except Failed as failure:
                timings.failed[case] = f"pair {number + 1}: {failure}"
                streams.say(f"{case.recipe} {case.measured}: failed: {failure}")
    return timings


def _pair(
    case: Case, sides: Mapping[str, Environment], number: int, seconds: float, options: Sequence[str], timings: Timings,
    out: Path,
) -> None:  # fmt: skip
    """One pair of fresh processes; every other one begins with the other side."""
    with tempfile.TemporaryDirectory() as scratch, ExitStack() as stack:
        talks = {
            side: stack.enter_context(
                sides[side].talk(["time", name, *case.options, *options, "--turns", "--out", f"{scratch}/{side}"])
            )
            for side, name in zip(sides, names(case.name, list(sides.values())), strict=True)
        }
        for side, talk in talks.items():
            with _naming(side):
                talk.hear("built")
        order = list(talks)[:: -1 if number % 2 else 1]
        blocks = list(_blocks(talks, order, seconds))
        for side, talk in talks.items():
            with _naming(side):
                talk.say(0)
                talk.hear("timing")
                talk.end()
        for side in sides:
            frame = rounds.load(rounds.keep(Path(scratch) / side, number, out / side))
            timings.frames[case][side].append(frame)
    by_clock = timings.turns.setdefault(case, {clock: [] for clock in CLOCKS})
    for clock in CLOCKS:
        by_clock[clock].append([block[clock] for block in blocks])
    ratio = math.exp(sum(block["seconds"] for block in blocks) / len(blocks))
    streams.say(f"{case.recipe} {case.measured}: pair {number + 1}: {' / '.join(reversed(list(sides)))} x{ratio:.3f}")


@contextmanager
def _naming(side: str) -> Iterator[None]:
    """A failure inside names this side."""
    try:
        yield
    except Failed as failure:
        raise Failed(f"{side}: {failure}") from None


def _blocks(talks: Mapping[str, Talk], order: Sequence[str], seconds: float) -> Iterator[dict[str, float]]:
    """By clock, how much faster the second side is, as a logarithm for each ABBA of laps, until these took so long.

    Blocks that begin while caches are still cold are not counted.
    """
    base, head = talks
    steps = _steps(talks)
    spent, count = -WARM_SECONDS, 0
    while spent < seconds or count < FEWEST_BLOCKS:
        laps: dict[str, list[Lap]] = {base: [], head: []}
        for side in (*order, *reversed(order)):
            laps[side].append(_lap(side, talks[side], steps))
        if spent >= 0:
            count += 1
            yield {clock: _gain(clock, laps[base], laps[head]) for clock in CLOCKS}
        spent += sum(lap["seconds"] for side in laps.values() for lap in side)


def _gain(clock: str, base: Sequence[Lap], head: Sequence[Lap]) -> float:
    return sum(math.log(a[clock] / b[clock]) for a, b in zip(base, head, strict=True)) / len(base)


def _steps(talks: Mapping[str, Talk]) -> int:
    """How many steps make a lap, the same for both sides; it also takes their first, slow steps."""
    rates = []
    for side, talk in talks.items():
        _lap(side, talk, 1)
        steps = 1
        while (seconds := _lap(side, talk, steps)["seconds"]) < SCALE_SECONDS:
            steps *= 2
        rates.append(steps / seconds)
    return max(1, round(LAP_SECONDS * sum(rates) / len(rates)))


def _lap(side: str, talk: Talk, steps: int) -> Lap:
    """Seconds by clock."""
    with _naming(side):
        talk.say(steps)
        turn = talk.hear("turn")
    return {clock: max(float(turn[clock]), LEAST_SECONDS) for clock in CLOCKS}
