"""Random images: nothing can be learned from them but how fast a model trains."""

from collections.abc import Sequence
from pathlib import Path

import torch

from dlbench.data.dataset import Dataset, Examples
from dlbench.errors import InputError


def synthetic(
    folder: Path,
    *,
    shape: Sequence[int] = (3, 227, 227),
    classes: int = 1000,
    train_examples: int = 256,
    test_examples: int = 64,
) -> Dataset:
    """Return random images with random targets: uint8 [n, *shape], normalised to zero mean and unit deviation.

    `shape` is channels, height, width. Pixels and targets are uniform, and the same
    for everybody and always; the default shape is AlexNet's input. `folder` is not used.
    Raises InputError for a shape that is not three positive numbers, or counts below one.
    """
    if len(shape) != 3 or min(shape) < 1:
        raise InputError(f"shape: {list(shape)}: give channels, height and width, such as [3, 227, 227]")
    for name, count in (("classes", classes), ("train_examples", train_examples), ("test_examples", test_examples)):
        if count < 1:
            raise InputError(f"{name}: {count}: must be at least 1")
    generator = torch.Generator().manual_seed(0)
    train, test = (_random(count, shape, classes, generator) for count in (train_examples, test_examples))
    uniform_sd = ((256**2 - 1) / 12) ** 0.5
    names = tuple(str(number) for number in range(classes))
    return Dataset(train, test, names, shift=torch.tensor(127.5), scale=torch.tensor(1 / uniform_sd))


def _random(count: int, shape: Sequence[int], classes: int, generator: torch.Generator) -> Examples:
    channels, height, width = shape
    pixels = torch.randint(256, (count, height, width, channels), generator=generator, dtype=torch.uint8)
    return Examples(pixels.permute(0, 3, 1, 2), torch.randint(classes, (count,), generator=generator))
