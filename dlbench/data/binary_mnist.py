"""MNIST in black and white: every pixel is ink or background."""

from pathlib import Path
from typing import Literal

import torch
from torch import Tensor

from dlbench.data.dataset import Dataset, Examples
from dlbench.data.digits import digits
from dlbench.data.mnist import DIGITS, mnist

HALF = 128


def binary_mnist(
    folder: Path,
    *,
    train_examples: int | None = None,
    test_examples: int | None = None,
    of: Literal["mnist", "digits"] = "mnist",
) -> Dataset:
    """Return MNIST from `folder` with pixels of 0 and 1: uint8 [n, 1, 28, 28], 60,000 to train on and 10,000 to test.

    A pixel is 1 from half of full ink on; the source does not say how its images were made binary. `of: digits` stands
    in where a download is not wanted: scikit-learn's bundled digits, as large, 1,297 to train on and 500 to test.
    `train_examples` and `test_examples` take the first so many, unshuffled: everybody's subset is the same. Raises
    InputError if files are missing or damaged.
    Source: the "28x28 binary image" of Ioffe and Szegedy 2015, "Batch Normalization", section 4.1.
    """
    read = mnist if of == "mnist" else digits
    data = read(folder, train_examples=train_examples, test_examples=test_examples)
    return Dataset(
        Examples(inked(data.train.inputs), data.train.targets),
        data.test and Examples(inked(data.test.inputs), data.test.targets),
        DIGITS,
        shift=torch.tensor(0.0),
        scale=torch.tensor(1.0),
    )


def inked(images: Tensor) -> Tensor:
    """Return which of the 28x28 pixels in the middle have at least half of full ink: 0 or 1, uint8 as the images are.

    The images have 28x28 pixels, or more and the same margin on each side.
    """
    margin = (images.shape[-1] - 28) // 2
    return (images[..., margin : margin + 28, margin : margin + 28] >= HALF).to(torch.uint8)
