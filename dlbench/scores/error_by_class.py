"""Error rates class by class, and of the easiest and the hardest class, as the slide of ILSVRC names them."""

from __future__ import annotations

import torch
from torch import nn

from dlbench.data.dataset import Dataset, Examples
from dlbench.scores.evaluation import evaluating


def error_by_class(model: nn.Module, data: Dataset, examples: Examples, *, batch_size: int = 1000) -> dict[str, float]:
    """Compare the model's class scores [n, classes] with the true classes, and count by true class.

    Returns error_percent; CLASS_missed_percent for each class that has examples, of these; easiest_missed_percent and
    hardest_missed_percent, the least and the greatest. Raises ValueError when there is nothing to score.
    """
    if len(examples) == 0:
        raise ValueError("no examples to score")
    count = len(data.classes)
    wrong = torch.zeros(count, device=examples.targets.device)
    with evaluating(model):
        batches = (torch.split(tensor, batch_size) for tensor in (examples.inputs, examples.targets))
        for inputs, targets in zip(*batches, strict=True):
            missed = model(data.prepare(inputs)).argmax(dim=1) != targets
            wrong += torch.bincount(targets[missed], minlength=count)
    sizes = torch.bincount(examples.targets, minlength=count).tolist()
    errors = {
        name: 100.0 * missed / size
        for name, missed, size in zip(data.classes, wrong.tolist(), sizes, strict=True)
        if size
    }
    return {
        "error_percent": 100.0 * wrong.sum().item() / len(examples),
        "easiest_missed_percent": min(errors.values()),
        "hardest_missed_percent": max(errors.values()),
        **{f"{name.replace(' ', '_')}_missed_percent": error for name, error in errors.items()},
    }
