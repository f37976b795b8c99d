"""How many things a net tells apart."""

from __future__ import annotations

from torch import nn

from dlbench.data.dataset import Dataset, Examples
from dlbench.scores.evaluation import evaluating


def told_apart(model: nn.Module, data: Dataset, examples: Examples) -> dict[str, float]:
    """Count the examples whose class has the highest score; of classes with the same score the first counts.

    The model maps prepared inputs [n, ...] to class scores [n, classes]. With one example a class, as in
    `dlbench/data/codes.py`, two things with the same pattern can never both be right.
    Returns told_apart (examples).
    """
    with evaluating(model):
        guesses = model(data.prepare(examples.inputs)).argmax(dim=1)
    return {"told_apart": float((guesses == examples.targets).sum())}
