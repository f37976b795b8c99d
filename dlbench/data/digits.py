"""scikit-learn's bundled digits: 1,797 handwritten digits of 8x8 pixels, real data without a download."""

from functools import partial
from pathlib import Path
from typing import Literal

import torch
import torch.nn.functional as F
from torch import Tensor

from dlbench.data.augment import shifted
from dlbench.data.dataset import Dataset, Examples
from dlbench.data.files import verify
from dlbench.data.normalisation import InkNormalisation, ink

TEST_EXAMPLES_PER_CLASS = 50


def digits(
    folder: Path,
    *,
    train_examples: int | None = None,
    test_examples: int | None = None,
    size: Literal[8, 32] = 32,
    normalise: InkNormalisation = "lecun",
    augment: Literal["none", "shift"] = "none",
) -> Dataset:
    """Return the bundled digits: uint8 [n, 1, size, size], 1,297 to train on and 500 to test; `folder` is not used.

    There is no official split: the test set is the last 50 of each class in the file's order, fixed and balanced. It is
    harder than one spread evenly over the file, where each test digit has near neighbours to train on.
    `train_examples` and `test_examples` take the first so many, unshuffled: everybody's subset is the same.
    `size` 32 restores the size of the scans, see `enlarged`. `augment: shift` moves each by up to 2 pixels.
    Source: Alpaydin and Kaynak 1998, "Optical Recognition of Handwritten Digits", UCI repository (its test part).
    """
    from sklearn.datasets import load_digits

    verify("digits", folder)
    counts, targets = (torch.from_numpy(array) for array in load_digits(return_X_y=True))
    images = (counts.view(-1, 1, 8, 8) * (255 / 16)).round()
    images = (enlarged(images) if size == 32 else images).to(torch.uint8)
    images = images.view(-1, size, size, 1).permute(0, 3, 1, 2)
    held_out = last_of_each_class(targets, TEST_EXAMPLES_PER_CLASS)
    train = Examples(images[~held_out], targets[~held_out]).take(train_examples, "train_examples")
    test = Examples(images[held_out], targets[held_out]).take(test_examples, "test_examples")
    shift, scale = ink(train.inputs, normalise)
    background = float(-shift * scale)
    moved = partial(shifted, pad=2, fill=background) if augment == "shift" else None
    return Dataset(train, test, tuple("0123456789"), shift, scale, moved)


def enlarged(images: Tensor) -> Tensor:
    """Return 8x8 images as 32x32: each pixel counts the ink in a 4x4 block of the scan, so that 32 is the true size.

    Bilinear and not nearest: a scan has strokes, not blocks, whose edges all lie on a grid of four pixels.
    """
    return F.interpolate(images, scale_factor=4, mode="bilinear", align_corners=False).round()


def last_of_each_class(targets: Tensor, count: int) -> Tensor:
    """Return which of the targets [n] are among the last `count` of their class, bool [n]."""
    one_hot = F.one_hot(targets)
    to_come = one_hot.flip(0).cumsum(0).flip(0)
    return to_come.gather(1, targets[:, None]).squeeze(1) <= count
