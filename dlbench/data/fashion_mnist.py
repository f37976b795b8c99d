"""Fashion-MNIST: 70,000 pictures of clothing, in MNIST's format of 28x28 pixels and 10 classes."""

from pathlib import Path
from typing import Literal

from dlbench.data.dataset import Dataset
from dlbench.data.files import read_idx
from dlbench.data.normalisation import InkNormalisation, ink

CLOTHING = (
    "T-shirt/top",
    "Trouser",
    "Pullover",
    "Dress",
    "Coat",
    "Sandal",
    "Shirt",
    "Sneaker",
    "Bag",
    "Ankle boot",
)


def fashion_mnist(
    folder: Path,
    *,
    train_examples: int | None = None,
    test_examples: int | None = None,
    size: Literal[28, 32] = 28,
    normalise: InkNormalisation = "lecun",
) -> Dataset:
    """Return Fashion-MNIST: uint8 [n, 1, size, size], 60,000 to train on and 10,000 to test.

    It is read from `folder`, or from Debian's package dataset-fashion-mnist. `train_examples` and `test_examples` take
    the first so many, unshuffled: everybody's subset is the same. `size` 32 puts two pixels of background on each side.
    Raises InputError if files are missing or damaged.
    Source: Xiao, Rasul and Vollgraf 2017, "Fashion-MNIST: a Novel Image Dataset for Benchmarking Machine Learning".
    """
    train, test = read_idx(folder, "fashion_mnist")
    margin = (size - 28) // 2
    train = train.take(train_examples, "train_examples").framed(margin)
    test = test.take(test_examples, "test_examples").framed(margin)
    return Dataset(train, test, CLOTHING, *ink(train.inputs, normalise))
