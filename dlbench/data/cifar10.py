"""CIFAR-10: 60,000 colour photographs of 32x32 pixels in 10 classes."""

from pathlib import Path
from typing import Literal

from dlbench.data.augment import pad_crop_flip
from dlbench.data.dataset import Dataset
from dlbench.data.files import read_cifar
from dlbench.data.normalisation import ColourNormalisation, colour


def cifar10(
    folder: Path,
    *,
    train_examples: int | None = None,
    test_examples: int | None = None,
    augment: Literal["none", "pad_crop_flip"] = "none",
    normalise: ColourNormalisation = "per_pixel",
) -> Dataset:
    """Return CIFAR-10 from `folder`: uint8 [n, 3, 32, 32], 50,000 to train on and 10,000 to test.

    `train_examples` and `test_examples` take the first so many, unshuffled: everybody's subset is the same.
    `normalise` takes its statistics from the training examples used. Raises InputError if files are missing or damaged.
    Source: Krizhevsky 2009, "Learning Multiple Layers of Features from Tiny Images".
    """
    train, test, classes = read_cifar(folder, "cifar10")
    train, test = train.take(train_examples, "train_examples"), test.take(test_examples, "test_examples")
    shift, scale = colour(train.inputs, normalise)
    return Dataset(train, test, classes, shift, scale, pad_crop_flip if augment == "pad_crop_flip" else None)
