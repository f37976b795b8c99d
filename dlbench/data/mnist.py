"""MNIST: 70,000 handwritten digits of 28x28 pixels."""

from pathlib import Path
from typing import Literal

import torch
import torch.nn.functional as F
from torch import Tensor

from dlbench.data.dataset import Dataset, Examples
from dlbench.data.files import read_idx
from dlbench.data.normalisation import InkNormalisation, Normalisation, ink
from dlbench.errors import InputError

DIGITS = tuple("0123456789")


def mnist(
    folder: Path,
    *,
    train_examples: int | None = None,
    test_examples: int | None = None,
    size: Literal[16, 28, 32] = 28,
    normalise: InkNormalisation | Literal["signed"] = "lecun",
    permute_pixels: int | None = None,
) -> Dataset:
    """Return MNIST from `folder`: uint8 [n, 1, size, size], 60,000 to train on and 10,000 to test.

    `train_examples` and `test_examples` take the first so many, unshuffled: everybody's subset is the same. `size` 32
    puts two pixels of background on each side, as LeNet-5 wants it; 16 makes the images smaller, see `shrunk`.
    `normalise: signed` is -1 for background and 1 for ink (LeCun et al. 1989), all others are those of `ink`.
    `permute_pixels` is the seed of one permutation of the 28x28 pixels, the same for every image: nothing is lost but
    which pixels are neighbours. Raises InputError if files are missing or damaged.
    Source: LeCun et al. 1998, "Gradient-Based Learning Applied to Document Recognition", sections II.B and III.A.
    """
    if permute_pixels is not None and permute_pixels < 0:
        raise InputError(f"permute_pixels: {permute_pixels}: give a seed, a whole number from 0")
    train, test = read_idx(folder, "mnist")
    train = _drawn(train.take(train_examples, "train_examples"), size, permute_pixels)
    test = _drawn(test.take(test_examples, "test_examples"), size, permute_pixels)
    return Dataset(train, test, DIGITS, *(signed() if normalise == "signed" else ink(train.inputs, normalise)))


def signed() -> Normalisation:
    """Return shift and scale that bring bytes to [-1, 1]."""
    return torch.tensor(127.5), torch.tensor(1 / 127.5)


def permuted(images: Tensor, seed: int) -> Tensor:
    """Return uint8 images [n, 1, h, w] with their pixels in another order, drawn once from `seed`, channels_last."""
    order = torch.randperm(images[0].numel(), generator=torch.Generator().manual_seed(seed))
    shuffled = images.flatten(1)[:, order].view(len(images), *images.shape[2:], 1)
    return shuffled.permute(0, 3, 1, 2)


def shrunk(images: Tensor, size: int) -> Tensor:
    """Return uint8 images [n, 1, h, w] as [n, 1, size, size], bilinear between the nearest pixels, channels_last.

    At 16x16 they stand in for the digits from envelopes of 1989, which are not public; so did Karpathy 2022, "Deep
    Neural Nets: 33 years ago and 33 years from now". Those filled their frame; these keep MNIST's wide margin.
    """
    small = F.interpolate(images.float(), (size, size), mode="bilinear", align_corners=False)
    return small.round().to(torch.uint8).contiguous(memory_format=torch.channels_last)


def _drawn(examples: Examples, size: int, permute_pixels: int | None) -> Examples:
    """The same examples, permuted and then at their size."""
    images = examples.inputs if permute_pixels is None else permuted(examples.inputs, permute_pixels)
    if size < images.shape[-1]:
        return Examples(shrunk(images, size), examples.targets)
    return Examples(images, examples.targets).framed((size - images.shape[-1]) // 2)
