"""How far a model's outputs are from the values they should have, such as the pixels of an image."""

from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor, nn

from dlbench.data.dataset import Dataset, Examples
from dlbench.scores.evaluation import evaluating


def reconstruction_error(
    model: nn.Module,
    data: Dataset,
    examples: Examples,
    *,
    output: Literal["linear", "logistic"],
    batch_size: int = 1000,
) -> dict[str, float]:
    """Compare outputs [n, d] with targets [n, d], batch by batch.

    output: `logistic` if the model leaves the last logistic function to its loss, as those trained on cross-entropy do.
    Returns squared_error, summed over the d values and averaged over examples, as Hinton and Salakhutdinov (2006) have
    it, and squared_error_of_mean: what always answering with the mean of the training targets comes to.
    Raises ValueError when there is nothing to score.
    """
    if len(examples) == 0:
        raise ValueError("no examples to score")
    mean = data.train.targets.mean(0)
    total = torch.zeros(2, dtype=torch.float64, device=mean.device)
    with evaluating(model):
        batches = (torch.split(tensor, batch_size) for tensor in (examples.inputs, examples.targets))
        for inputs, targets in zip(*batches, strict=True):
            outputs = model(data.prepare(inputs)).float()
            answers = outputs.sigmoid() if output == "logistic" else outputs
            total += torch.stack([_distance(answers, targets), _distance(mean, targets)])
    model_error, mean_error = (total / len(examples)).tolist()
    return {"squared_error": model_error, "squared_error_of_mean": mean_error}


def _distance(answers: Tensor, targets: Tensor) -> Tensor:
    return (answers - targets).square().sum().double()
