"""A short suite of a user's own, in which everything draws random numbers, and what its run files say in the end."""

import json
from pathlib import Path

from dlbench.records.events import message
from dlbench.trials import plan
from dlbench.trials.workers import trials as worker

RECIPE = """
title: augmentation, dropout, momentum, milestones
data: {name: digits, size: 8, augment: shift, train_examples: 100, test_examples: 50}
model: {name: faulty_nets.MODEL}
training: {name: sgd, lr: 0.1, momentum: 0.9, batch_size: 30, steps: 24, milestones: [10, 17]}
score: {name: classification_error}
curve: {points: 11, examples: 20}
"""

NETS = """
from torch import nn


def dropout() -> nn.Module:
    return nn.Sequential(
        nn.Conv2d(1, 8, 3), nn.BatchNorm2d(8), nn.ReLU(), nn.Flatten(), nn.Dropout(0.5), nn.Linear(8 * 36, 10)
    )


def small() -> nn.Module:
    return nn.Sequential(nn.Flatten(), nn.Linear(64, 10))
"""


class Killed(BaseException):
    """Stands for a signal that nobody can catch."""


def write(folder: Path, model: str = "dropout", more: str = "") -> str:
    """Write the recipe and its nets into a folder; returns the recipe's path."""
    (folder / "faulty_nets.py").write_text(NETS)
    (folder / f"{model}.yaml").write_text(RECIPE.replace("MODEL", model) + more)
    return str(folder / f"{model}.yaml")


def trials(folder: Path, seeds=(0,), model="dropout", more="", settings=(), **switches):
    names = [write(folder, model, more)]
    return plan.trials(names, device="cpu", seeds=list(seeds), threads=1, settings=settings, **switches)


def events(path: Path) -> list[dict]:
    return [json.loads(line) for line in path.read_text().splitlines() if line]


def learn(chosen, out: Path, stop=lambda event: None, fresh=False) -> list[dict]:
    """Run trials in this very process, as a worker would; `stop` may raise. Returns what was told, as JSON has it."""
    told = []

    def tell(event):
        told.append(json.loads(message(event)))
        stop(told[-1])

    worker.work(chosen, out, tell, fresh=fresh)
    return told


def kill_at_lap(number: int):
    """A `stop` that kills after so many laps."""
    laps = []

    def stop(event):
        laps.extend([event] if event["event"] == "lap" else [])
        if len(laps) == number:
            raise Killed

    return stop


def results(path: Path) -> dict:
    """All of a finished run that must not depend on what happened on the way."""
    found = events(path)
    end = found[-1]
    assert end["status"] == "finished", end
    laps = [event for event in found if event["event"] == "lap"]
    assert [event["step"] for event in laps] == sorted({event["step"] for event in laps})
    assert sum(lap["examples"] for lap in laps) == end["examples"]
    assert abs(sum(lap["seconds"] for lap in laps) - end["training_seconds"]) < 1e-6
    scores = [(event["step"], event["metrics"]) for event in found if event["event"] == "score"]
    return {"weights": end["weights_digest"], "scores": scores, "steps": end["steps"], "examples": end["examples"]}
