"""Images as their own targets: what an autoencoder learns from."""

from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Final, Literal

from dlbench.data.dataset import Dataset, Examples
from dlbench.data.digits import digits
from dlbench.data.fashion_mnist import fashion_mnist
from dlbench.data.mnist import mnist

DIGITS_MARGIN = 10  # brings the 8x8 pixels of `digits` to the 28x28 of the others, so that the same nets take them
IMAGES: Final[Mapping[str, Callable[..., Dataset]]] = {
    "mnist": mnist,
    "fashion_mnist": fashion_mnist,
    "digits": partial(digits, size=8),
}


def reconstruction(
    folder: Path,
    *,
    of: Literal["mnist", "fashion_mnist", "digits"] = "mnist",
    train_examples: int | None = None,
    test_examples: int | None = None,
) -> Dataset:
    """Return images with their own pixels in [0, 1] as targets, float32 [n, pixels]; there are no classes.

    784 pixels an image; `digits`, which need no download, lie in the middle of theirs. `train_examples` and
    `test_examples` take the first so many, unshuffled. Raises InputError if files are missing or damaged.
    """
    data = IMAGES[of](folder, train_examples=train_examples, test_examples=test_examples, normalise="unit")
    margin = DIGITS_MARGIN if of == "digits" else 0
    train = _own_targets(data, data.train.framed(margin))
    test = None if data.test is None else _own_targets(data, data.test.framed(margin))
    return Dataset(train, test, (), data.shift, data.scale)


def _own_targets(data: Dataset, examples: Examples) -> Examples:
    return Examples(examples.inputs, data.prepare(examples.inputs).flatten(start_dim=1))
