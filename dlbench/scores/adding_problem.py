"""How well a net solves the adding problem, and how much of the gradient it would need for that arrives."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import nn

from dlbench.data.dataset import Dataset, Examples
from dlbench.scores.evaluation import evaluating
from dlbench.scores.gradient_by_lag import gradient_by_lag

BATCH = 1000


def adding_problem(
    model: nn.Module, data: Dataset, examples: Examples, *, right_within: float = 0.04, lags: Sequence[int] = ()
) -> dict[str, float]:
    """Compare the output at the end of each sequence with its target, in [0, 1].

    Returns mean_squared_error, wrong_percent (of the sequences whose error is not below `right_within`: Hochreiter and
    Schmidhuber 1997, section 5.4) and, for each of the `lags`, what `gradient_by_lag` says.
    """
    with evaluating(model):
        outputs = torch.cat([model(data.prepare(inputs)) for inputs in torch.split(examples.inputs, BATCH)])
        errors = (outputs - examples.targets).double()
        wrong = errors.abs().amax(1) >= right_within
    found = {
        "mean_squared_error": float(errors.square().mean()),
        "wrong_percent": 100.0 * float(wrong.double().mean()),
    }
    return found | (gradient_by_lag(model, data, examples, lags=lags) if lags else {})
