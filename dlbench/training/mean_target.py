"""The best constant answer under squared error: the mean of the training targets."""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import nn

from dlbench.data.dataset import Dataset
from dlbench.errors import InputError
from dlbench.models.constant import Constant
from dlbench.training.losses import squared_error
from dlbench.training.step import Step


def mean_target(model: nn.Module, data: Dataset, generator: torch.Generator) -> Iterator[Step]:
    """Set the model's numbers to the mean target; a single step, whose loss is half the squared error that is left.

    Raises InputError unless the model is `constant`, with an output for each target value.
    """
    targets = data.train.targets.float().view(len(data.train), -1)
    if not isinstance(model, Constant) or len(model.value) != targets.shape[1]:
        raise InputError(
            f"mean_target: fits a model `constant` of {targets.shape[1]} outputs, one for each target value"
        )
    with torch.no_grad():
        model.value.copy_(targets.mean(0))
        left = squared_error(model(data.train.inputs), targets)
    yield Step(1, 1, len(targets), left)
