"""A linear classifier on histograms of oriented gradients, the hand-made features of the years before 2012.

Dalal, Triggs: Histograms of Oriented Gradients for Human Detection, CVPR 2005: gradients vote into `orientations` bins
of each cell, and overlapping blocks of cells are normalised for contrast (L2-Hys). scikit-image computes them.
"""

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor, nn

from dlbench.errors import InputError
from dlbench.models.pixels_linear import LinearOnFeatures


def hog_linear(
    *,
    classes: int = 10,
    size: int = 32,
    channels: int = 3,
    cells: Sequence[int] = (4,),
    block: int = 2,
    orientations: int = 9,
    square_root: bool = False,
) -> nn.Module:
    """Build a linear classifier on the HOG features of `size` x `size` images.

    `cells` are the sides of cells in pixels, one for each scale at which the image is described; `block` is a block's
    side in cells, and blocks move by one cell. Each pixel of a colour image counts with the channel of the strongest
    gradient. `square_root` compresses pixel values first (the paper's gamma, section 6.1), so that dark edges count
    more. Raises ValueError where no block fits into the image.
    """
    for cell in cells:
        if size // cell < block:
            raise ValueError(f"a block of {block} cells of {cell} pixels does not fit into {size} pixels")
    return HOGLinear(
        classes=classes,
        size=size,
        channels=channels,
        cells=cells,
        block=block,
        orientations=orientations,
        square_root=square_root,
    )


class HOGLinear(LinearOnFeatures):
    """At each scale the features are (size/cell - block + 1)^2 blocks of block^2 histograms, computed on the CPU."""

    def __init__(
        self,
        *,
        classes: int,
        size: int,
        channels: int,
        cells: Sequence[int],
        block: int,
        orientations: int,
        square_root: bool,
    ) -> None:
        blocks = sum((size // cell - block + 1) ** 2 for cell in cells)
        super().__init__(
            input_shape=(channels, size, size), feature_count=blocks * block**2 * orientations, classes=classes
        )
        self.cells, self.block, self.orientations, self.square_root = tuple(cells), block, orientations, square_root

    def features(self, images: Tensor) -> Tensor:
        """Images [n, c, h, w] in [0, 1] -> [n, feature_count], on the images' device.

        Raises InputError where a square root is wanted of negative pixels.
        """
        if self.square_root and images.min() < 0:
            raise InputError("hog_linear: square_root needs pixels that are not negative (data: {normalise: unit})")
        pictures = images.detach().permute(0, 2, 3, 1).cpu().numpy()
        described = [np.concatenate([self._hog(picture, cell) for cell in self.cells]) for picture in pictures]
        return torch.from_numpy(np.stack(described)).to(images)

    def _hog(self, picture: np.ndarray, cell: int) -> np.ndarray:
        """One picture [h, w, c] at one scale."""
        from skimage.feature import hog

        histograms: np.ndarray = hog(
            picture,
            orientations=self.orientations,
            pixels_per_cell=(cell, cell),
            cells_per_block=(self.block, self.block),
            block_norm="L2-Hys",
            transform_sqrt=self.square_root,
            channel_axis=-1,
        )
        return histograms
