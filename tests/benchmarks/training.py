"""Training by dlbench against the loop everybody writes: same model, batch, augmentation and optimiser.

python tests/benchmarks/training.py resnet-20 --seconds 45      # raw laps as JSON lines
"""

from __future__ import annotations

import argparse
import os
import shutil
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import everyday
import torch
from row import Row
from turns import Lap, median_interval, rate, rates, ratio, take_turns, tell

from dlbench import parts
from dlbench.data.sources import data_folder
from dlbench.measure import operations
from dlbench.trials import plan
from dlbench.trials.setup import build

OURS, COMPILED, PROBE = "dlbench", "dlbench --compile", "GEMM probe"
EVERYDAY = {f"everyday loop, {workers} workers": workers for workers in (0, 2)}
GEMM_SIZE = 2048


@dataclass(frozen=True)
class Work:
    """What is trained, how many steps make a lap, and the bars; `compile`: also with torch.compile."""

    title: str
    steps: int
    ratio: float
    of_peak: float | None = None
    compile: bool = True


WORKS = {
    "resnet-20": Work("ResNet-20 train, batch 128", 4, 1.6, 0.75),
    "resnet-56": Work("ResNet-56 train, batch 128", 2, 1.45, 0.80),
    "lenet-mnist": Work("LeNet-5 train, batch 64", 100, 3.0, compile=False),
}


def laps(name: str, seconds: float, rounds: int, compile: bool) -> Iterator[Lap]:
    """Everybody's laps of one work."""
    work = WORKS[name]
    parties = {OURS: ours(name, work.steps), PROBE: gemm()}
    if work.compile and compile and any(map(shutil.which, ("c++", "g++", "clang++"))):
        parties[COMPILED] = ours(name, work.steps, compile=True)
    parties |= {party: theirs(name, work.steps, workers) for party, workers in EVERYDAY.items()}
    yield from take_turns(parties, seconds, rounds)


def ours(name: str, steps: int, *, compile: bool = False) -> Callable[[], Lap]:
    """A lap of dlbench's own loop, the generator that its trials train by."""
    trials = plan.trials([name], device="cpu", seeds=[0], budget="full", compile=compile)
    bench = build(trials)
    # backward costs twice what forward does, and a multiply-add is two operations
    each = 3 * 2 * operations.multiply_adds(bench.model, bench.data.shape)
    return lap_of(bench.train(bench.model), steps, trials[0].recipe.training.arguments["batch_size"], each)


def theirs(name: str, steps: int, workers: int) -> Callable[[], Lap]:
    """A lap of the everyday loop with the same model class and the same settings."""
    recipe = plan.trials([name], device="cpu", seeds=[0], budget="full")[0].recipe
    torch.manual_seed(0)
    settings = {key: recipe.training.arguments.get(key, 0.0) for key in ("lr", "momentum", "weight_decay")}
    batch_size = recipe.training.arguments["batch_size"]
    data = getattr(everyday, recipe.data.name)(data_folder())
    model = parts.bind("model", recipe)()
    running = everyday.train(model, data, workers=workers, batch_size=batch_size, **settings)
    lap = lap_of(running, steps, batch_size)

    def rested() -> Lap:
        for _ in range(3 * workers):  # workers went on filling their queue while others had their turn: use that up
            next(running)
        taken = lap()
        time.sleep(0.3 if workers else 0)  # and let them fill it before the next has its turn
        return taken

    return rested


def lap_of(running: Iterator[object], steps: int, batch_size: int, each: int = 0) -> Callable[[], Lap]:
    """A lap of so many steps of a training loop; `each`: operations an example takes."""

    def lap() -> Lap:
        began = time.perf_counter()
        for _ in range(steps):
            next(running)
        seconds = time.perf_counter() - began
        return {"seconds": seconds, "examples": steps * batch_size, "operations": steps * batch_size * each}

    return lap


def gemm(times: int = 8) -> Callable[[], Lap]:
    """A lap of float32 matrix products: what the cores can do at best."""
    left, right, product = (torch.rand(GEMM_SIZE, GEMM_SIZE) for _ in range(3))

    def lap() -> Lap:
        began = time.perf_counter()
        for _ in range(times):
            torch.mm(left, right, out=product)
        return {"seconds": time.perf_counter() - began, "operations": times * 2 * GEMM_SIZE**3}

    return lap


def rows(name: str, taken: Sequence[Lap]) -> Iterator[Row]:
    """The ratio to the faster of the everyday loops, as dlbench runs by default and compiled, and the share of peak."""
    work = WORKS[name]
    baseline = max(EVERYDAY, key=lambda party: rate(taken, party, "examples"))
    there = [party for party in (OURS, COMPILED) if rates(taken, party, "examples")]
    for party in there:
        found = ratio(taken, party, baseline, "examples")
        speeds = f"{rate(taken, party, 'examples'):,.0f} against {rate(taken, baseline, 'examples'):,.0f} examples/s"
        title = work.title + (", compiled" if party == COMPILED else "")
        yield Row(title, f"{found}: {speeds} ({baseline})", f">= {work.ratio} x", found.value >= work.ratio)
    peak = rate(taken, PROBE, "operations")
    for party in there:
        share = median_interval(
            [
                mine / best
                for mine, best in zip(*(rates(taken, each, "operations") for each in (party, PROBE)), strict=True)
            ]
        )
        text = f"{share.value:.2f} of {peak / 1e9:,.0f} GFLOP/s ({GEMM_SIZE}^3 matrix product)"
        title = f"{work.title}{', compiled' if party == COMPILED else ''}: share of the GEMM probe"
        bar, met = (f">= {work.of_peak}", share.value >= work.of_peak) if work.of_peak else ("", None)
        yield Row(title, text, bar, met)


def main() -> None:
    """Print one work's laps."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("name", choices=WORKS)
    parser.add_argument("--seconds", type=float, default=45.0)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--no-compile", action="store_true")
    given = parser.parse_args()
    tell(laps(given.name, given.seconds, given.rounds, not given.no_compile))
    os._exit(0)  # idle data workers need not be waited for


if __name__ == "__main__":
    main()
