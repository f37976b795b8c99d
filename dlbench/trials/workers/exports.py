"""The process in which a model becomes an ONNX file: it sends one Score, how far the two are apart, or why not."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from dlbench import writing
from dlbench.errors import InputError
from dlbench.records.events import Event, Failed, Refused, Score
from dlbench.trials import onnx, plan, switches, weights
from dlbench.trials.plan import Trial
from dlbench.trials.setup import Bench
from dlbench.trials.workers import channel

BATCHES = (2, 1, 253)  # examples in each: the first one shows torch the shape, the others that it is free


def main() -> None:
    """Do the job on standard input: a trial, the file of its weights, and the file to write."""
    job, tell = channel.job()
    try:
        tell(_export(job))
    except InputError as error:
        tell(Refused(str(error)))
    except Exception as error:
        tell(Failed(f"{type(error).__name__}: {error}".partition("\n")[0]))


def _export(job: Mapping[str, Any]) -> Event:
    """Write the file if onnxruntime says with it what torch says."""
    trial = plan.from_dict(job["trial"])
    trial = replace(trial, recipe=replace(trial.recipe, together=False))
    built = switches.build([trial])
    kept, target, began = Path(job["weights"]), Path(job["file"]), time.perf_counter()
    weights.load(built.model, kept)
    batches = _batches(built)
    try:
        content = onnx.exported(built.model, batches[0], _about(trial, kept))
    except InputError as error:
        raise InputError(f"{trial.recipe.model.name} of {trial.recipe.name}: {error}") from None
    session = onnx.Session(content, built.device, trial.execution.threads)
    apart = onnx.check(session, built.model, batches)
    with writing.replacing(target) as file:
        file.write(content)
    return Score(0, True, sum(map(len, batches)), {"difference": apart}, time.perf_counter() - began)


def _batches(built: Bench) -> list[Tensor]:
    """Prepared test examples, or training examples where there are no others, as often as batches want them."""
    examples = (built.data.test or built.data.train).inputs
    index = torch.arange(sum(BATCHES)) % len(examples)
    return [built.data.prepare(examples[part]) for part in torch.split(index, list(BATCHES))]


def _about(trial: Trial, kept: Path) -> dict[str, str]:
    """What the file says of itself: where the weights are from, and how inputs are prepared."""
    recipe = trial.recipe
    data = json.dumps({"name": recipe.data.name, **recipe.data.arguments})
    return {"recipe": recipe.name, "weights": kept.name, "data": data}


if __name__ == "__main__":
    channel.run(main)
