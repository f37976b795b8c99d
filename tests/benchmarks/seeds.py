"""Many seeds of a small net learning at once, against one after another.

python tests/benchmarks/seeds.py mlp-xor --seconds 30       # raw laps as JSON lines
"""

from __future__ import annotations

import argparse
import multiprocessing
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from functools import partial
from multiprocessing.connection import Connection

from row import Row
from turns import Lap, rate, ratio, take_turns, tell

from dlbench.measure import machine
from dlbench.trials import plan
from dlbench.trials.setup import build

ALONE, TOGETHER, BESIDE = "one alone", "as one batched model", "a process a core, one thread each"
XOR_SEEDS = 1000
LENET_STEPS = 100


def xor_laps(seconds: float, rounds: int, steps: int | None) -> Iterator[Lap]:
    """Seeds of mlp-xor trained to the end: all at once, and a single one."""
    settings = [f"training.steps={steps}"] if steps else []
    alone = partial(trained_to_the_end, 1, settings)
    together = partial(trained_to_the_end, XOR_SEEDS, settings)
    yield from take_turns({ALONE: alone, TOGETHER: together}, seconds, rounds)


def trained_to_the_end(count: int, settings: Sequence[str]) -> Lap:
    """Build and train so many seeds; both count, for both are waited for."""
    trials = plan.trials(["mlp-xor"], device="cpu", seeds=range(count), settings=settings)
    began = time.perf_counter()
    bench = build(trials)
    built = time.perf_counter()
    steps = sum(1 for _ in bench.train(bench.model))
    ended = time.perf_counter()
    return {"seconds": ended - began, "seconds_to_build": built - began, "seeds": count, "steps": steps}


def lenet_laps(seconds: float, rounds: int) -> Iterator[Lap]:
    """Seeds of lenet-mnist: one on all cores, and one on each core at the same time."""
    with ExitStack() as stack:
        parties = {ALONE: steps_of_lenet(0, None), BESIDE: side_by_side(machine.cores(), stack)}
        yield from take_turns(parties, seconds, rounds)


def steps_of_lenet(seed: int, threads: int | None) -> Callable[[], Lap]:
    """A lap of some steps of one seed."""
    trials = plan.trials(["lenet-mnist"], device="cpu", seeds=[seed], budget="full", threads=threads)
    bench = build(trials)
    running = bench.train(bench.model)

    def lap() -> Lap:
        began = time.perf_counter()
        examples = sum(next(running).examples for _ in range(LENET_STEPS))
        return {"seconds": time.perf_counter() - began, "examples": examples}

    return lap


def side_by_side(count: int, stack: ExitStack) -> Callable[[], Lap]:
    """A lap taken at the same time by `count` processes, which wait idle between laps; timed until the last is done."""
    context = multiprocessing.get_context("spawn")
    ends = []
    for seed in range(count):
        end, other = context.Pipe()
        process = context.Process(target=serve_laps, args=(seed, other), daemon=True)
        process.start()
        stack.callback(process.join)
        stack.callback(end.close)
        ends.append(end)
        other.close()

    def lap() -> Lap:
        began = time.perf_counter()
        for end in ends:
            end.send("go")
        examples = sum(end.recv() for end in ends)
        return {"seconds": time.perf_counter() - began, "examples": examples}

    return lap


def serve_laps(seed: int, end: Connection) -> None:
    """Take a lap with one thread whenever asked to; ends when nobody can ask any more."""
    lap = steps_of_lenet(seed, 1)
    try:
        while end.recv():
            end.send(lap()["examples"])
    except EOFError:
        return


def xor_rows(taken: Sequence[Lap]) -> Iterator[Row]:
    """How much longer all seeds would have taken one after another; that time is worked out from single ones."""
    found = ratio(taken, TOGETHER, ALONE, "seeds")
    kept = [lap for lap in taken if lap["round"] >= 0]
    mine, single = (sorted(lap["seconds"] for lap in kept if lap["party"] == party) for party in (TOGETHER, ALONE))
    text = f"{found}: {mine[len(mine) // 2]:.2f} s against {XOR_SEEDS} x {single[len(single) // 2]:.2f} s, extrapolated"
    yield Row(f"XOR, {XOR_SEEDS:,} seeds, {kept[0]['steps']:,} steps each", text, ">= 100 x", found.value >= 100)


def lenet_rows(taken: Sequence[Lap]) -> Iterator[Row]:
    """Examples a second, all seeds added up, over those of a single one that has all cores."""
    found = ratio(taken, BESIDE, ALONE, "examples")
    speeds = f"{rate(taken, BESIDE, 'examples'):,.0f} against {rate(taken, ALONE, 'examples'):,.0f} examples/s"
    work = f"LeNet-5, {machine.cores()} seeds at once, {BESIDE}"
    yield Row(work, f"{found}: {speeds}", ">= 1.5 x", found.value >= 1.5)


def main() -> None:
    """Print one recipe's laps."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("name", choices=["mlp-xor", "lenet-mnist"])
    parser.add_argument("--seconds", type=float, default=30.0)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--steps", type=int, help="Steps of mlp-xor, by default the recipe's own.")
    given = parser.parse_args()
    xor = given.name == "mlp-xor"
    tell(xor_laps(given.seconds, given.rounds, given.steps) if xor else lenet_laps(given.seconds, given.rounds))


if __name__ == "__main__":
    main()
