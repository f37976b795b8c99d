"""How long a trial will take on this device, estimated before it starts from a few steps on a copy of its model."""

from __future__ import annotations

import copy
import time
from dataclasses import replace
from itertools import pairwise

from dlbench import parts
from dlbench.data.dataset import Dataset
from dlbench.data.sources import data_folder
from dlbench.errors import InputError
from dlbench.records.events import Estimate
from dlbench.spec.recipe import Recipe
from dlbench.trials.setup import Bench, generator_for

PROBE_SECONDS = 1.0
PROBE_STEPS = 20
ITERATIVE = ("steps", "epochs", "sweeps", "sequences", "dichotomies")  # arguments of rules whose steps are alike


def estimate(bench: Bench) -> Estimate:
    """Expected seconds of training and scoring for this trial, and at the full budget.

    None where that is unknown: the first steps of a rule that fits in one go or in stages say nothing of the rest, and
    the full data may be absent.
    """
    recipe = bench.trials[0].recipe
    if not set(ITERATIVE) & set(recipe.training.arguments):
        return Estimate(None, None)
    seconds_a_step, examples_a_step, steps = _probe(bench)
    look = _seconds_to_score(bench) if steps * seconds_a_step > 5 else 0.0
    full = _full(bench)
    return Estimate(
        steps * seconds_a_step + look * _examples_scored(recipe, bench.data),
        full and full[1] * seconds_a_step / examples_a_step + look * _examples_scored(full[0], full[2]),
    )


def _probe(bench: Bench) -> tuple[float, int, int]:
    """Seconds of a step after the first one, its examples, and how many steps there will be."""
    began = time.perf_counter()
    times: list[float] = []
    for step in bench.train(copy.deepcopy(bench.model)):
        _ = float(step.loss.sum())  # waits for the device
        times.append(time.perf_counter() - began)
        if step.number >= PROBE_STEPS or (step.number >= 3 and times[-1] >= PROBE_SECONDS):
            break
    gaps = sorted(b - a for a, b in pairwise(times)) or times
    return gaps[len(gaps) // 2], step.examples, step.of


def _seconds_to_score(bench: Bench) -> float:
    """Seconds to score one example."""
    examples = min(200, len(bench.data.train))
    part = replace(bench, data=replace(bench.data, train=bench.data.train.take(examples), test=None))
    began = time.perf_counter()
    part.scores(None)
    return (time.perf_counter() - began) / examples


def _examples_scored(recipe: Recipe, data: Dataset) -> int:
    """How many examples the curve and the final score look at."""
    splits = [len(split) for split in (data.train, data.test) if split is not None]
    return sum(splits) + recipe.curve.points * sum(min(size, recipe.curve.examples) for size in splits)


def _full(bench: Bench) -> tuple[Recipe, int, Dataset] | None:
    """The recipe at the full budget, the examples its steps will see, and its data; None if these are not here."""
    recipe, full = bench.trials[0].recipe, bench.trials[0].full
    if full is None:
        return None
    try:
        data = bench.data if full.data == recipe.data else parts.bind("data", full)(data_folder()).to(bench.device)
        rule = parts.bind("training", full)(copy.deepcopy(bench.model), data, generator_for(bench.device, 0))
        step = next(iter(rule))
        return full, step.of * step.examples, data
    except InputError:
        return None
