"""One trial, start to end: builds the parts, drives the learning rule, and yields what it measured as events.

The learning rule is a generator that only learns. Everything else happens here, between its steps: the clock, the
curve, the check for divergence.
"""

from __future__ import annotations

import itertools
import math
import time
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any

import torch
from torch import Tensor

from dlbench.measure import memory, operations
from dlbench.measure.clock import Clock
from dlbench.numbers import NoResult, number
from dlbench.records import store
from dlbench.records.events import Edge, End, Event, Lap, Number, Pictures, Ready, Resumed, Score
from dlbench.training.checkpoint import Checkpoint, Unfit
from dlbench.training.copies import Copies
from dlbench.training.step import Step
from dlbench.trials.estimate import estimate
from dlbench.trials.setup import Bench, weights_digest

Counts = Mapping[str, float | list[float]]  # a list has a number for each of several copies
LAP_SECONDS = 1.0

NOT_FINITE = "the loss is not finite; a lower learning rate may help (--set training.lr=...)"


@dataclass
class Totals:
    """Sums over the laps of a trial, in all processes that took part in it.

    warm_up_...: of the first step of each process, which allocates, tunes and perhaps compiles.
    """

    steps: int = 0
    examples: int = 0
    training_seconds: float = 0.0
    first_step_seconds: float | None = None
    warm_up_seconds: float = 0.0
    warm_up_examples: int = 0
    wall_seconds: float = 0.0
    peak_memory_bytes: int = 0
    device_peak_bytes: int | None = None


@dataclass(frozen=True)
class Stretch:
    """A lap of all models that learn at once; look: whether the curve has a point right after it."""

    lap: Lap
    losses: Sequence[float]
    counts: Counts
    look: bool

    def of(self, index: int) -> Lap:
        """The lap of one model."""
        return replace(self.lap, index=index, loss=self.losses[index], counts=_of(index, self.counts))


@dataclass
class Meter:
    """The totals of this trial so far, and the counts of its learning rule."""

    device: str
    totals: Totals = field(default_factory=Totals)
    counts: Counts = field(default_factory=dict)
    began: float = field(default_factory=time.perf_counter)

    def add(self, stretch: Stretch) -> None:
        """Count a lap."""
        totals, lap, self.counts = self.totals, stretch.lap, stretch.counts
        if lap.step == 1:
            totals.first_step_seconds = lap.seconds
        if lap.warm_up:
            totals.warm_up_seconds += lap.seconds
            totals.warm_up_examples += lap.examples
        totals.steps = lap.step
        totals.examples += lap.examples
        totals.training_seconds += lap.seconds

    def read(self) -> Totals:
        """The totals, including time and memory of this process."""
        device_bytes = memory.device_peak_bytes(self.device)
        return replace(
            self.totals,
            wall_seconds=self.totals.wall_seconds + time.perf_counter() - self.began,
            peak_memory_bytes=max(self.totals.peak_memory_bytes, memory.process_peak_bytes()),
            device_peak_bytes=None if device_bytes is None else max(self.totals.device_peak_bytes or 0, device_bytes),
        )

    def state_dict(self) -> dict[str, Any]:
        """Totals and counts as a checkpoint keeps them."""
        return {"totals": asdict(self.read()), "counts": dict(self.counts)}

    def load_state_dict(self, state_dict: Mapping[str, Any]) -> None:
        """Go on from the totals of an earlier process."""
        self.totals, self.counts = Totals(**state_dict["totals"]), state_dict["counts"]


def run(bench: Bench, checkpoint: Checkpoint | None = None, lap_ends: Collection[int] | None = None) -> Iterator[Event]:
    """Run trials that differ only in their seed; yields events as they happen, each with the index of its trial.

    The last event of each trial is an End whose status is `finished` or `diverged`; exceptions are let through. A seed
    that diverges ends at once; others that learn beside it go on.

    checkpoint: for a trial that `can_continue`; it may be kept at every Edge. If it goes on from earlier steps, there
    is a Resumed after its first lap, instead of Ready and Estimate. Raises Unfit, before any event, if it cannot go on
    from there. lap_ends: the steps that laps end with, instead of one about every second, so that losses can be
    compared with those of another run; there is no Estimate then.
    """
    meter = Meter(str(bench.device))
    if checkpoint is not None:
        checkpoint.watch(meter=meter)
    laps = _laps(bench, checkpoint, lap_ends)
    if checkpoint is not None and checkpoint.steps > 0:
        laps = _ahead(laps)  # the first step shows whether it goes on
        yield _resumed(checkpoint)
    else:
        ready = _ready(bench)
        yield from (replace(ready, index=index) for index in range(len(bench.trials)))
        if lap_ends is None:
            yield estimate(bench)
    learning = list(range(len(bench.trials)))
    for stretch in laps:
        meter.add(stretch)
        yield from (stretch.of(index) for index in learning)
        diverged = [index for index in learning if not math.isfinite(stretch.losses[index])]
        yield from (_end("diverged", NOT_FINITE, meter, index) for index in diverged)
        learning = [index for index in learning if index not in diverged]
        if not learning:
            return
        step = stretch.lap.step
        if stretch.look:
            scores = _scores(bench, step, bench.trials[0].recipe.curve.examples, {})
            yield from (score for score in scores if score.index in learning)
        if checkpoint is not None and checkpoint.is_followed:
            yield Edge(step)
    yield from (event for event in _final(bench, meter) if event.index in learning)


def _final(bench: Bench, meter: Meter) -> Iterator[Event]:
    """The final score and the end of each trial."""
    models = bench.models()
    for score in _scores(bench, meter.totals.steps, None, meter.counts):
        yield score
        model = models[score.index]
        if bench.trials[0].recipe.pictures is not None:
            yield Pictures.of(bench.pictures(model), score.index)
        end = _end(*_outcome(score.metrics), meter, score.index)
        yield replace(end, weights_digest=weights_digest(model))


def _outcome(metrics: Mapping[str, Number]) -> tuple[str, str]:
    """The status of a trial by its final metrics, and a message."""
    problems = [f"{name} is {value}" for name, value in metrics.items() if not math.isfinite(value)]
    return ("diverged", f"{', '.join(problems)} in the end, not a finite number") if problems else ("finished", "")


def _ahead(laps: Iterator[Stretch]) -> Iterator[Stretch]:
    """The same laps, of which the first has already been run."""
    return itertools.chain(list(itertools.islice(laps, 1)), laps)


def _resumed(checkpoint: Checkpoint) -> Resumed:
    if not checkpoint.is_followed:
        raise Unfit("the learning rule did not call follow")
    return Resumed(checkpoint.steps)


def _ready(bench: Bench) -> Ready:
    model = bench.models()[0]
    return Ready(
        dataset_digest=bench.data.digest,
        train_examples=len(bench.data.train),
        test_examples=len(bench.data.test) if bench.data.test is not None else 0,
        parameters=operations.parameters(model),
        multiply_adds=operations.multiply_adds(model, getattr(model, "input_shape", bench.data.shape)),
        copies=len(bench.trials) if isinstance(bench.model, Copies) else None,
    )


def _laps(bench: Bench, checkpoint: Checkpoint | None, lap_ends: Collection[int] | None) -> Iterator[Stretch]:
    """Laps of about a second, or shorter where the curve has a point; only the learning rule is on the clock.

    The first step of a process has a lap of its own: it allocates, tunes and perhaps compiles. lap_ends: if given, laps
    end there, and only there.
    """
    clock = Clock(bench.device)
    points = bench.trials[0].recipe.curve.points
    zero = torch.zeros((), device=bench.device)
    loss_sum, examples, steps = zero, 0, 0
    warm_up = True

    def stretch(step: Step, of: int, look: bool) -> Stretch:
        lap = Lap(step.number, examples, clock.lap(), math.nan, {}, warm_up, of)
        return Stretch(lap, (loss_sum / steps).reshape(-1).tolist(), _plain(step.counts), look)

    rule = bench.train(bench.model, checkpoint)
    clock.start()
    for step in rule:
        loss_sum = loss_sum + step.loss
        examples += step.examples
        steps += 1
        look = step.number < step.of and step.number * (points + 1) % step.of < points + 1 and points > 0
        is_over = look or warm_up or step.number == step.of or clock.running_for() >= LAP_SECONDS
        if is_over if lap_ends is None else step.number in lap_ends:
            yield stretch(step, step.of, look)
            loss_sum, examples, steps, warm_up = zero, 0, 0, False
            clock.start()
    if steps:  # the rule stopped before its last step
        yield stretch(step, step.number, look=False)


def _plain(counts: Mapping[str, float | Tensor]) -> Counts:
    return {name: _count(count, f"the learning rule's count {name}") for name, count in counts.items()}


def _count(count: float | Tensor, what: str) -> float | list[float]:
    """One number, or one for each of several copies."""
    if isinstance(count, Tensor) and count.dim() == 1:
        return [number(item, what) for item in count.tolist()]
    return number(count, what)


def _of(index: int, counts: Counts) -> dict[str, float]:
    """The counts of the copy with this index."""
    return {name: count[index] if isinstance(count, list) else count for name, count in counts.items()}


def _scores(bench: Bench, step: int, examples: int | None, counts: Counts) -> Iterator[Score]:
    began = time.perf_counter()
    for index, metrics in enumerate(bench.scores(examples)):
        named = _named({**_of(index, counts), **metrics})
        yield Score(step, examples is None, examples, named, time.perf_counter() - began, index=index)


def _named(metrics: dict[str, float]) -> dict[str, float]:
    """The metrics; NoResult if there are none, or if one has the name of a column of runs."""
    if not metrics:
        raise NoResult("the score gives no number for any split of the data")
    if reserved := sorted(metrics.keys() & store.NAMES):
        raise NoResult(f"no metric may be called {' or '.join(reserved)}: runs have a column of that name")
    return metrics


def _end(status: str, message: str, meter: Meter, index: int) -> End:
    return End(status, message, **asdict(meter.read()), index=index)
