"""Points in a row whose classes alternate: the more of them, the more often a classifier must change its mind."""

from pathlib import Path

import torch

from dlbench.data.dataset import Dataset, Examples
from dlbench.errors import InputError

MOST = 16


def alternating_points(folder: Path, *, k: int) -> Dataset:
    """Return 2^k points i / 2^k for i = 0, 1, ... of class i mod 2: inputs float32 [2^k, 1]; no test set.

    `folder` is not used. Raises InputError for k outside 1 to 16.
    Source: Telgarsky 2015, "Representation Benefits of Deep Feedforward Networks", the n-alternating-point problem.
    """
    if not 1 <= k <= MOST:
        raise InputError(f"k: {k}: 1 to {MOST}, for 2^k points")
    number = torch.arange(2**k)
    examples = Examples((number / 2**k).float()[:, None], number % 2)
    return Dataset(examples, None, ("even", "odd"), shift=torch.tensor(0.0), scale=torch.tensor(1.0))
