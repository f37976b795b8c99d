"""A linear classifier on HOG and colours as a Gaussian kernel sees them, by way of landmarks.

The features of Dalal & Triggs, CVPR 2005 (`hog_linear`), and the means and deviations of colours in the same cells.
Williams, Seeger: Using the Nyström Method to Speed Up Kernel Machines, NIPS 2000: an example is described by its
kernel with some training examples, whitened so that products of such descriptions are nearly the kernel itself.
"""

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from dlbench.errors import InputError
from dlbench.models.hog_linear import HOGLinear
from dlbench.models.kmeans_linear import squared_distances
from dlbench.models.pixels_linear import LinearOnFeatures

AT_ONCE = 1000  # images
SMALLEST_EIGENVALUE = 1e-6


def hog_kernel(
    *,
    classes: int = 10,
    size: int = 32,
    channels: int = 3,
    cells: Sequence[int] = (4, 8),
    block: int = 2,
    orientations: int = 9,
    square_root: bool = True,
    landmarks: int = 2000,
    gamma: float = 1.0,
    colour: float = 1.0,
) -> nn.Module:
    """Build a linear classifier on `landmarks` kernel values of `size` x `size` images with pixels in [0, 1].

    cells, block, orientations, square_root: as `hog_linear` has them. colour: how much colours weigh beside HOG, which
    weighs 1; 0 for none. gamma: of the kernel exp(-gamma |x - z|^2), where the mean square distance of x from the mean
    is 1 + colour. Until `learn_features` has drawn landmarks from the training images there are none to tell apart.
    Raises ValueError where a block does not fit into the image, or gamma or landmarks are not positive.
    """
    for cell in cells:
        if size // cell < block:
            raise ValueError(f"a block of {block} cells of {cell} pixels does not fit into {size} pixels")
    if min(gamma, landmarks) <= 0 or colour < 0:
        raise ValueError("hog_kernel: gamma and landmarks must be positive, and colour not below 0")
    hog = HOGLinear(
        classes=classes,
        size=size,
        channels=channels,
        cells=cells,
        block=block,
        orientations=orientations,
        square_root=square_root,
    )
    return HOGKernel(hog, classes=classes, landmarks=landmarks, gamma=gamma, colour=colour)


class HOGKernel(LinearOnFeatures):
    """The features are kernel values with landmarks, times the inverse root of the landmarks' own kernel matrix."""

    centre: Tensor
    scale: Tensor
    landmarks: Tensor
    normalisation: Tensor

    def __init__(self, hog: HOGLinear, *, classes: int, landmarks: int, gamma: float, colour: float) -> None:
        super().__init__(input_shape=hog.input_shape, feature_count=landmarks, classes=classes)
        channels, size, _ = hog.input_shape
        count = len(hog.mean) + 2 * channels * sum((size // cell) ** 2 for cell in hog.cells)
        self.hog, self.gamma, self.colour = hog, gamma, colour
        self.hog.classifier = nn.Identity()  # type: ignore[assignment]  # only its features are wanted
        self.register_buffer("centre", torch.zeros(count))
        self.register_buffer("scale", torch.ones(count))
        self.register_buffer("landmarks", torch.zeros(landmarks, count))
        self.register_buffer("normalisation", torch.eye(landmarks))

    def learn_features(self, images: Tensor, generator: torch.Generator) -> None:
        """Draw the landmarks from training images [n, c, h, w], and take scales and the normalisation from them.

        Raises InputError where there are too few images.
        """
        count = len(self.landmarks)
        if len(images) < count:
            raise InputError(f"hog_kernel: {len(images)} training images cannot give {count} landmarks")
        drawn = images[torch.randperm(len(images), generator=generator, device=images.device)[:count]]
        described = self._described(drawn)
        self.centre.copy_(described.mean(0))
        self.scale.copy_(self._scales(described - self.centre))
        self.landmarks.copy_((described - self.centre) * self.scale)
        values, vectors = torch.linalg.eigh(self._kernel(self.landmarks).double())
        self.normalisation.copy_(vectors * values.clamp(min=SMALLEST_EIGENVALUE).rsqrt() @ vectors.T)

    def features(self, images: Tensor) -> Tensor:
        """Images [n, c, h, w] in [0, 1] -> [n, landmarks]."""
        parts = ((self._described(part) - self.centre) * self.scale for part in torch.split(images, AT_ONCE))
        return torch.cat([self._kernel(part) @ self.normalisation for part in parts])

    def _described(self, images: Tensor) -> Tensor:
        """HOG, and then means and deviations of each channel in each cell, [n, count]."""
        return torch.cat([self.hog.features(images), *(colours(images, cell) for cell in self.hog.cells)], dim=1)

    def _scales(self, centred: Tensor) -> Tensor:
        """One number for all of HOG and one for all colours: their mean square lengths become 1 and `colour`."""
        hog, rest = (part.square().sum(1).mean() for part in centred.tensor_split([len(self.hog.mean)], dim=1))
        is_hog = torch.arange(centred.shape[1], device=centred.device) < len(self.hog.mean)
        return torch.where(is_hog, hog.rsqrt(), (self.colour / rest).sqrt())

    def _kernel(self, points: Tensor) -> Tensor:
        """Points [n, count] -> [n, landmarks]."""
        return torch.exp(-self.gamma * squared_distances(points, self.landmarks))


def colours(images: Tensor, cell: int) -> Tensor:
    """Images [n, c, h, w] -> [n, 2 c (h / cell) (w / cell)]: means and then deviations, cell by cell."""
    means = F.avg_pool2d(images, cell)
    variances = F.avg_pool2d(images.square(), cell) - means.square()
    return torch.cat([means.flatten(1), variances.clamp(min=0).sqrt().flatten(1)], dim=1)
