"""MNIST: 70,000 handwritten digits of 28x28 pixels."""

from pathlib import Path
from typing import Literal

from dlbench.data.dataset import Dataset
from dlbench.data.files import read_idx
from dlbench.data.normalisation import InkNormalisation, ink

DIGITS = tuple("0123456789")


def mnist(
    folder: Path,
    *,
    train_examples: int | None = None,
    test_examples: int | None = None,
    size: Literal[28, 32] = 28,
    normalise: InkNormalisation = "lecun",
) -> Dataset:
    """Return MNIST from `folder`: uint8 [n, 1, size, size], 60,000 to train on and 10,000 to test.

    `train_examples` and `test_examples` take the first so many, unshuffled: everybody's subset is the same. `size` 32
    puts two pixels of background on each side, as LeNet-5 wants it. Raises InputError if files are missing or damaged.
    Source: LeCun et al. 1998, "Gradient-Based Learning Applied to Document Recognition", sections II.B and III.A.
    """
    train, test = read_idx(folder, "mnist")
    margin = (size - 28) // 2
    train = train.take(train_examples, "train_examples").framed(margin)
    test = test.take(test_examples, "test_examples").framed(margin)
    return Dataset(train, test, DIGITS, *ink(train.inputs, normalise))
