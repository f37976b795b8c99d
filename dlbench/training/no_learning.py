"""For models that are built to compute what they compute, such as nets with the wiring of 1943."""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import nn

from dlbench.data.dataset import Dataset
from dlbench.training.step import Step


def no_learning(model: nn.Module, data: Dataset, generator: torch.Generator) -> Iterator[Step]:
    """Leave the model as it is: a single step that looks at no example and has no loss."""
    yield Step(1, 1, 0, torch.zeros((), device=data.train.inputs.device))
