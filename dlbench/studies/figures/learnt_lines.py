"""The lines that Rosenblatt's rule drew, for a picture: run files keep no weights, so the rule learns once more."""

from __future__ import annotations

from pathlib import Path

import torch

from dlbench.data.truth_table import truth_table
from dlbench.models.perceptron import perceptron
from dlbench.records.groups import Group
from dlbench.training.perceptron_rule import perceptron_rule

Line = tuple[list[float], float]  # weights and threshold


def learnt_lines(group: Group) -> dict[int, Line]:
    """The weights and threshold by seed; a seed whose mistakes are not those of its run is left out."""
    found = {seed: _learn(group, seed) for seed in group.seeds}
    mistakes = group.by_seed("mistakes")
    return {seed: line for seed, (line, counted) in found.items() if counted == mistakes.get(seed)}


def _learn(group: Group, seed: int) -> tuple[Line, float]:
    """What the seed comes to, and its mistakes: milliseconds for four rows."""
    given = {part: {**group.resolved[part]} for part in ("data", "model", "training")}
    for part in given.values():
        part.pop("name")
    data, unit = truth_table(Path(), **given["data"]), perceptron(**given["model"])
    counted = 0.0
    for step in perceptron_rule(unit, data, torch.Generator().manual_seed(seed), **given["training"]):
        counted = float(step.counts["mistakes"])
    learnt = unit.state_dict()
    return (learnt["weight"].flatten().tolist(), -float(learnt["bias"])), counted
