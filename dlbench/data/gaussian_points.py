"""Points without labels, for rules that draw labels of their own."""

from pathlib import Path

import torch

from dlbench.data.dataset import Dataset, Examples
from dlbench.errors import InputError


def gaussian_points(folder: Path, *, inputs: int, examples: int) -> Dataset:
    """Return independent standard normal points, float32 [examples, inputs]; their targets are all zero.

    The same for everybody and always. They are in general position: no plane holds more of them than it must, which is
    all that Cover's count asks of them (Cover 1965). There is nothing to test on; `folder` is not used. Raises
    InputError for numbers below 1.
    """
    for name, number in (("inputs", inputs), ("examples", examples)):
        if number < 1:
            raise InputError(f"{name}: {number}: must be at least 1")
    points = torch.randn(examples, inputs, generator=torch.Generator().manual_seed(0))
    unlabelled = Examples(points, torch.zeros(examples))
    return Dataset(unlabelled, None, (), shift=torch.tensor(0.0), scale=torch.tensor(1.0))
