"""How many rows of a truth table a single output unit gets right."""

from __future__ import annotations

from torch import nn

from dlbench.data.dataset import Dataset, Examples
from dlbench.scores.evaluation import evaluating


def truth_table(model: nn.Module, data: Dataset, examples: Examples, *, threshold: float = 0.0) -> dict[str, float]:
    """Read the model's output as true when it reaches `threshold`, else as false.

    The model maps prepared rows [n, d] to one output a row, [n, 1]. The threshold is 0 for a weighted sum (a perceptron
    says true from 0 on) and 0.5 for a logistic unit.
    Returns right (rows), error_percent, and solved: 1.0 when every row is right, else 0.0, so that its mean over seeds
    is the solve rate. Raises ValueError for a model with several outputs.
    """
    with evaluating(model):
        outputs = model(data.prepare(examples.inputs))
    if outputs.shape != (len(examples), 1):
        raise ValueError(f"truth_table reads one output unit, the model gives {tuple(outputs.shape[1:])} for each row")
    right = int(((outputs[:, 0] >= threshold) == examples.targets.bool()).sum())
    return {
        "right": float(right),
        "error_percent": 100.0 * (1.0 - right / len(examples)),
        "solved": float(right == len(examples)),
    }
