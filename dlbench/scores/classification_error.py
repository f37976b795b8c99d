"""Top-1 and top-5 error rates and the mean cross-entropy of a classifier."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from dlbench.data.dataset import Dataset, Examples
from dlbench.scores.evaluation import evaluating


def classification_error(
    model: nn.Module, data: Dataset, examples: Examples, *, batch_size: int = 1000
) -> dict[str, float]:
    """Compare the model's class scores with the true classes, batch by batch.

    The model maps prepared inputs [n, ...] to class scores [n, classes].
    Returns error_percent, loss (mean cross-entropy, nats) and, with more than five classes, top5_error_percent: with
    five or fewer every guess is among the first five. Raises ValueError when there is nothing to score.
    """
    if len(examples) == 0:
        raise ValueError("no examples to score")
    # Summed where the examples are: the host waits for nothing before the last batch.
    total = torch.zeros(3, device=examples.targets.device)
    with evaluating(model):
        batches = (torch.split(tensor, batch_size) for tensor in (examples.inputs, examples.targets))
        for inputs, targets in zip(*batches, strict=True):
            total += _sums(model(data.prepare(inputs)), targets)
    wrong, beyond_five, loss = total.tolist()
    result = {"error_percent": 100.0 * wrong / len(examples), "loss": loss / len(examples)}
    if len(data.classes) > 5:
        result["top5_error_percent"] = 100.0 * beyond_five / len(examples)
    return result


def _sums(scores: Tensor, targets: Tensor) -> Tensor:
    """How many top guesses are wrong, how many of the top five are all wrong, and the summed cross-entropy: [3]."""
    missed = scores.topk(min(5, scores.shape[1]), dim=1).indices != targets[:, None]
    loss = F.cross_entropy(scores.float(), targets, reduction="sum")
    return torch.stack([missed[:, 0].sum().float(), missed.all(dim=1).sum().float(), loss])
