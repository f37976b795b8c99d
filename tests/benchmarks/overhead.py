"""What dlbench's clock, progress, recorder and checkpoints cost: its whole loop against the bare learning rule.

python tests/benchmarks/overhead.py lenet-mnist --seconds 40        # raw laps as JSON lines
"""

from __future__ import annotations

import argparse
import os
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import IO

from rich.console import Console
from row import Row
from torch import nn
from turns import Lap, median_interval, rates, take_turns, tell

from dlbench.records import events
from dlbench.records.events import Edge
from dlbench.stats.estimates import median
from dlbench.training.checkpoint import Checkpoint
from dlbench.training.step import Step
from dlbench.trials import plan, trial
from dlbench.trials.plan import Trial
from dlbench.trials.progress import Plain
from dlbench.trials.setup import Bench, build
from dlbench.trials.workers.checkpoint_file import CheckpointFile
from dlbench.trials.workers.runfile import RunFile

WHOLE, BARE = "whole loop", "bare loop"
TITLES = {"lenet-mnist": "LeNet-5", "resnet-20": "ResNet-20"}
Train = Callable[[Bench, nn.Module, Checkpoint | None], Iterator[Step]]


class Inside:
    """The seconds that learning rules have run for in this process, whoever drives them."""

    seconds = 0.0

    @classmethod
    def timed(cls, train: Train) -> Train:
        """`Bench.train` with a stopwatch around each step."""

        def train_timed(bench: Bench, model: nn.Module, checkpoint: Checkpoint | None = None) -> Iterator[Step]:
            steps = train(bench, model, checkpoint)
            while True:
                began = time.perf_counter()
                step = next(steps, None)
                cls.seconds += time.perf_counter() - began
                if step is None:
                    return
                yield step

        return train_timed


def laps(name: str, seconds: float, rounds: int) -> Iterator[Lap]:
    """Laps of the whole loop, which decides how long they are, and laps of the bare loop with as many steps."""
    Bench.train = Inside.timed(Bench.train)  # type: ignore[method-assign, assignment]
    # a look at the error is no part of the loop: the curve is off
    [chosen] = plan.trials([name], device="cpu", seeds=[0], budget="full", settings=["curve.points=0"])
    steps_a_lap = 1
    with TemporaryDirectory() as out, open(os.devnull, "w", encoding="utf-8") as null:
        whole, bare = whole_loop(chosen, Path(out), null), bare_loop(chosen)

        def whole_lap() -> Lap:
            nonlocal steps_a_lap
            lap, examples = clocked(lambda: next(whole))
            steps_a_lap = examples // chosen.recipe.training.arguments["batch_size"]
            return lap

        def bare_lap() -> Lap:
            return clocked(lambda: sum(next(bare).examples for _ in range(steps_a_lap)))[0]

        next(whole)  # its first lap includes getting ready
        yield from take_turns({WHOLE: whole_lap, BARE: bare_lap}, seconds, rounds)


def clocked(lap: Callable[[], int]) -> tuple[Lap, int]:
    """A lap that returns its number of examples, with the seconds it took and those of them inside the rule."""
    began, inside = time.perf_counter(), Inside.seconds
    examples = lap()
    seconds = time.perf_counter() - began
    return {"seconds": seconds, "examples": examples, "seconds_in_rule": Inside.seconds - inside}, examples


def whole_loop(chosen: Trial, out: Path, null: IO[str]) -> Iterator[int]:
    """A trial as its worker runs it: every event recorded, told and shown, checkpoints kept. Yields laps' examples."""
    show = Plain(Console(file=null))
    file = RunFile(chosen, out)
    checkpoint = Checkpoint()
    built = build([chosen])
    kept = CheckpointFile(file.path, {})
    for event in trial.run(built, checkpoint):
        if isinstance(event, Edge):
            if kept.is_due:
                kept.write(checkpoint.state(event.step), file.size())
            continue
        file.write(event)
        null.write(events.message(event))
        null.flush()
        show([chosen], event)
        if isinstance(event, events.Lap):
            yield event.examples


def bare_loop(chosen: Trial) -> Iterator[Step]:
    """The learning rule and nothing else."""
    bench = build([chosen])
    yield from bench.train(bench.model)


def rows(name: str, taken: Sequence[Lap]) -> Iterator[Row]:
    """What the whole loop adds to the time inside the rule; and, to show that it adds nothing else, whole laps' ratio.

    The first is exact, for both times come from the same lap. The second scatters by as much as the machine does.
    """
    whole = [lap for lap in taken if lap["party"] == WHOLE and lap["round"] >= 0]
    added = median([100 * (lap["seconds"] / lap["seconds_in_rule"] - 1) for lap in whole])
    pairs = zip(rates(taken, BARE, "examples"), rates(taken, WHOLE, "examples"), strict=True)
    laps = median_interval([100 * (bare / whole - 1) for bare, whole in pairs])
    text = f"{added:.2f} % outside the rule; whole laps {laps.value:+.1f} % ({laps.low:+.1f} to {laps.high:+.1f})"
    yield Row(f"{TITLES[name]}, whole loop against bare loop", text, "<= 1 %", added <= 1 and laps.low <= 1)


def main() -> None:
    """Print one recipe's laps."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("name", choices=TITLES)
    parser.add_argument("--seconds", type=float, default=40.0)
    parser.add_argument("--rounds", type=int, default=10)
    given = parser.parse_args()
    tell(laps(given.name, given.seconds, given.rounds))


if __name__ == "__main__":
    main()
