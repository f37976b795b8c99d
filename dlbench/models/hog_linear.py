"""A linear classifier on histograms of oriented gradients, the hand-made features of the years before 2012.

Dalal, Triggs: Histograms of Oriented Gradients for Human Detection, CVPR 2005: gradients vote into `orientations` bins
of each cell, and overlapping blocks of cells are normalised for contrast (L2-Hys). scikit-image computes them.
"""

import numpy as np
import torch
from torch import Tensor, nn

from dlbench.models.pixels_linear import LinearOnFeatures


def hog_linear(
    *, classes: int = 10, size: int = 32, channels: int = 3, cell: int = 4, block: int = 2, orientations: int = 9
) -> nn.Module:
    """Build a linear classifier on the HOG features of `size` x `size` images.

    `cell` is a cell's side in pixels, `block` a block's side in cells; blocks move by one cell. Each pixel of a colour
    image counts with the channel of the strongest gradient. Raises ValueError where no block fits into the image.
    """
    if size // cell < block:
        raise ValueError(f"a block of {block} cells of {cell} pixels does not fit into {size} pixels")
    return HOGLinear(classes=classes, size=size, channels=channels, cell=cell, block=block, orientations=orientations)


class HOGLinear(LinearOnFeatures):
    """The features are (size/cell - block + 1)^2 blocks of block^2 histograms; they are computed on the CPU."""

    def __init__(self, *, classes: int, size: int, channels: int, cell: int, block: int, orientations: int) -> None:
        blocks = (size // cell - block + 1) ** 2
        super().__init__(
            input_shape=(channels, size, size), feature_count=blocks * block**2 * orientations, classes=classes
        )
        self.cell, self.block, self.orientations = cell, block, orientations

    def features(self, images: Tensor) -> Tensor:
        """Images [n, c, h, w] in [0, 1] -> [n, feature_count], on the images' device."""
        from skimage.feature import hog

        options = {
            "orientations": self.orientations,
            "pixels_per_cell": (self.cell, self.cell),
            "cells_per_block": (self.block, self.block),
            "block_norm": "L2-Hys",
            "channel_axis": -1,
        }
        pictures = images.detach().permute(0, 2, 3, 1).cpu().numpy()
        histograms = np.stack([hog(picture, **options) for picture in pictures])
        return torch.from_numpy(histograms).to(images)
