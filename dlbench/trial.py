"""One trial, start to end: builds the parts, drives the learning rule, and yields what it measured as events.

The learning rule is a generator that only learns. Everything else happens here, between its steps: the clock, the
curve, the check for divergence. Events are plain dictionaries, as they stand in a run file.
"""

from __future__ import annotations

import math
import time
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import psutil
import torch
from torch import Tensor

from dlbench.bench import Bench, build
from dlbench.estimate import estimate
from dlbench.measure import operations
from dlbench.measure.clock import Clock
from dlbench.plan import Trial

Event = dict[str, Any]
LAP_SECONDS = 1.0


NOT_FINITE = "the loss is not finite; a lower learning rate may help (--set training.lr=...)"


def run(trials: Sequence[Trial]) -> Iterator[tuple[int, Event]]:
    """Run trials that differ only in their seed; yields (index of the trial, event) as things happen.

    Ends each trial with an `end` event whose status is `finished` or `diverged`; lets every other exception through.
    A seed that diverges ends there and then; others that learn beside it go on.
    """
    began = time.perf_counter()
    bench = build(trials)
    ready = _ready(bench)
    yield from ((index, ready) for index in range(len(trials)))
    yield 0, {"event": "estimate", **estimate(bench)}
    totals: dict[str, Any] = {"steps": 0, "examples": 0, "training_seconds": 0.0, "first_step_seconds": None}
    learning = list(range(len(trials)))
    counts: Mapping[str, float] = {}
    for lap in _laps(bench):
        _add(totals, lap)
        counts = lap["counts"]
        for index in learning:
            yield index, {"event": "lap", **lap, "loss": lap["loss"][index]}
        lost = [index for index in learning if not math.isfinite(lap["loss"][index])]
        yield from ((index, _end("diverged", totals, began)) for index in lost)
        learning = [index for index in learning if index not in lost]
        if not learning:
            return
        if lap["look"]:
            scores = _score_events(bench, lap["step"], trials[0].recipe.curve.examples, {})
            yield from ((index, event) for index, event in scores if index in learning)
    for index, event in _score_events(bench, totals["steps"], None, counts):
        if index in learning:
            yield index, event
            finite = all(map(math.isfinite, event["metrics"].values()))
            yield index, _end("finished" if finite else "diverged", totals, began)


def _add(totals: dict[str, Any], lap: Event) -> None:
    if lap["step"] == 1:
        totals["first_step_seconds"] = lap["seconds"]
    totals["steps"] = lap["step"]
    totals["examples"] += lap["examples"]
    totals["training_seconds"] += lap["seconds"]


def _ready(bench: Bench) -> Event:
    model = bench.models()[0]
    shape = getattr(model, "input_shape", bench.data.shape)
    return {
        "event": "ready",
        "dataset_digest": bench.data.digest,
        "train_examples": len(bench.data.train),
        "test_examples": len(bench.data.test) if bench.data.test is not None else 0,
        "parameters": operations.parameters(model),
        "multiply_adds": operations.multiply_adds(model, shape),
    }


def _laps(bench: Bench) -> Iterator[dict[str, Any]]:
    """Laps of about a second, and one that ends wherever the curve wants a look; only the rule is on the clock.

    The first step has a lap of its own: it allocates, tunes and perhaps compiles.
    """
    clock = Clock(bench.device)
    points = bench.trials[0].recipe.curve.points
    lost: Tensor = torch.zeros((), device=bench.device)
    examples = steps = 0
    rule = bench.train(bench.model)
    clock.start()
    for step in rule:
        lost = lost + step.loss
        examples += step.examples
        steps += 1
        look = step.number < step.of and step.number * (points + 1) % step.of < points + 1 and points > 0
        if look or step.number in (1, step.of) or clock.running_for() >= LAP_SECONDS:
            seconds = clock.lap()
            yield {
                "step": step.number, "of": step.of, "examples": examples, "seconds": seconds,
                "loss": (lost / steps).reshape(-1).tolist(), "counts": dict(step.counts), "look": look,
            }  # fmt: skip
            lost, examples, steps = torch.zeros((), device=bench.device), 0, 0
            clock.start()
    if steps:  # the rule stopped before its last step
        yield {
            "step": step.number, "of": step.number, "examples": examples, "seconds": clock.lap(),
            "loss": (lost / steps).reshape(-1).tolist(), "counts": dict(step.counts), "look": False,
        }  # fmt: skip


def _score_events(
    bench: Bench, step: int, examples: int | None, counts: Mapping[str, float]
) -> Iterator[tuple[int, Event]]:
    began = time.perf_counter()
    scores = bench.scores(examples)
    for index, metrics in enumerate(scores):
        yield index, {
            "event": "score", "step": step, "final": examples is None, "examples_per_split": examples,
            "metrics": {**counts, **metrics}, "seconds": time.perf_counter() - began,
        }  # fmt: skip


def _end(status: str, totals: Mapping[str, float], began: float) -> Event:
    return {
        "event": "end", "status": status, "message": "" if status == "finished" else NOT_FINITE, **totals,
        "wall_seconds": time.perf_counter() - began, "peak_memory_bytes": _peak_memory(),
    }  # fmt: skip


def _peak_memory() -> int:
    """The most memory this process ever held, in bytes."""
    try:
        import resource
    except ImportError:  # Windows
        return int(psutil.Process().memory_info().peak_wset)
    from sys import platform

    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if platform == "darwin" else 1024)
