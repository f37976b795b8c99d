"""A linear classifier on features that k-means learns from patches of images, without a label.

Coates, Ng, Lee: An Analysis of Single-Layer Networks in Unsupervised Feature Learning, AISTATS 2011, section 3. With
1,600 centroids it tells 77.9 % of CIFAR-10's test images right, with 4,000 79.6 % (Table 1). What the paper leaves open
is as in the authors' demo: a patch's variance (of bytes) gains 10, eigenvalues gain 0.1 before whitening.
"""

import torch
from torch import Tensor, nn

from dlbench.models.pixels_linear import LinearOnFeatures

VARIANCE_FLOOR = 10 / 255**2  # of pixels in [0, 1]
EIGENVALUE_FLOOR = 0.1
AT_ONCE = 8  # images whose distances to all centroids fit into a core's cache


def kmeans_linear(
    *,
    classes: int = 10,
    size: int = 32,
    channels: int = 3,
    centroids: int = 1600,
    patch: int = 6,
    patches: int = 400_000,
    sweeps: int = 50,
) -> nn.Module:
    """Build a linear classifier on 4 * `centroids` features of `size` x `size` images with pixels in [0, 1].

    `patch` is a patch's side; `patches` of them, drawn at random, teach the centroids in `sweeps` of k-means. Until
    they have (`learn_features`), the centroids are random. Raises ValueError where a patch does not fit into the image
    or there are fewer patches than centroids.
    """
    if patch > size:
        raise ValueError(f"a patch of {patch} pixels does not fit into {size} pixels")
    if patches < centroids:
        raise ValueError(f"{patches} patches cannot teach {centroids} centroids")
    return KMeansLinear(
        classes=classes,
        size=size,
        channels=channels,
        centroids=centroids,
        patch=patch,
        patches=patches,
        sweeps=sweeps,
    )


class KMeansLinear(LinearOnFeatures):
    """Each patch is described by how much nearer than average each centroid is; four quadrants add that up."""

    patch_mean: Tensor
    whitening: Tensor
    centroids: Tensor

    def __init__(
        self, *, classes: int, size: int, channels: int, centroids: int, patch: int, patches: int, sweeps: int
    ) -> None:
        super().__init__(input_shape=(channels, size, size), feature_count=4 * centroids, classes=classes)
        self.patch, self.patches, self.sweeps = patch, patches, sweeps
        self.places = size - patch + 1  # along each side, at stride 1
        pixels = channels * patch**2
        self.register_buffer("patch_mean", torch.zeros(pixels))
        self.register_buffer("whitening", torch.eye(pixels))
        self.register_buffer("centroids", torch.randn(centroids, pixels))

    def learn_features(self, images: Tensor, generator: torch.Generator) -> None:
        """Section 3.1: random patches of images [n, c, h, w], contrast, whitening, k-means. Nobody sees a label."""
        drawn = contrast_normalised(self._random_patches(images, generator))
        mean, whitening = zca(drawn)
        self.patch_mean.copy_(mean)
        self.whitening.copy_(whitening)
        whitened = (drawn - mean) @ whitening
        start = torch.randperm(len(whitened), generator=generator, device=whitened.device)[: len(self.centroids)]
        self.centroids.copy_(kmeans(whitened, whitened[start], self.sweeps))

    def features(self, images: Tensor) -> Tensor:
        """Section 3.2: images [n, c, h, w] in [0, 1] -> [n, 4 * centroids], quadrant by quadrant."""
        return torch.cat([self._pooled(self._triangles(part)) for part in torch.split(images, AT_ONCE)])

    def _random_patches(self, images: Tensor, generator: torch.Generator) -> Tensor:
        """[patches, c * patch * patch], each image, row and column equally likely."""

        def drawn(below: int) -> Tensor:
            return torch.randint(below, (self.patches,), generator=generator, device=images.device)

        image, top, left = drawn(len(images)), drawn(self.places), drawn(self.places)
        step = torch.arange(self.patch, device=images.device)
        rows, columns = (top[:, None] + step)[:, :, None], (left[:, None] + step)[:, None, :]
        return images.permute(0, 2, 3, 1)[image[:, None, None], rows, columns].permute(0, 3, 1, 2).flatten(1)

    def _triangles(self, images: Tensor) -> Tensor:
        """max(0, mean of all distances - distance to this centroid), [n, places, places, centroids]."""
        patches = nn.functional.unfold(images, self.patch).transpose(1, 2)  # [n, places^2, pixels]
        whitened = (contrast_normalised(patches) - self.patch_mean) @ self.whitening
        distances = squared_distances(whitened.flatten(0, 1), self.centroids).sqrt_()
        activations = (distances.mean(dim=1, keepdim=True) - distances).relu_()
        return activations.view(len(images), self.places, self.places, -1)

    def _pooled(self, activations: Tensor) -> Tensor:
        """Sums over the four quadrants, [n, 4 * centroids]; an odd side gives the upper and left ones a place more."""
        half = -(-self.places // 2)
        rows = activations[:, :half], activations[:, half:]
        quadrants = [part.sum((1, 2)) for row in rows for part in (row[:, :, :half], row[:, :, half:])]
        return torch.cat(quadrants, dim=1)


def contrast_normalised(patches: Tensor) -> Tensor:
    """Patches [..., pixels] less their own mean, over their own deviation."""
    variance, mean = torch.var_mean(patches, dim=-1, keepdim=True)
    return (patches - mean) / (variance + VARIANCE_FLOOR).sqrt()


def zca(patches: Tensor) -> tuple[Tensor, Tensor]:
    """The mean [d] of patches [n, d] and the matrix [d, d] that decorrelates them and turns them as little as can be.

    Bell, Sejnowski: The independent components of natural scenes are edge filters, Vision Research 37, 1997.
    """
    mean = patches.mean(0)
    eigenvalues, vectors = torch.linalg.eigh(torch.cov(patches.T).double())
    whitening = vectors * (eigenvalues + EIGENVALUE_FLOOR).rsqrt() @ vectors.T
    return mean, whitening.float()


def kmeans(points: Tensor, centroids: Tensor, sweeps: int) -> Tensor:
    """Move centroids [k, d] to the mean of the points [n, d] nearest to them, `sweeps` times (Lloyd 1982).

    One that no point is nearest to stays where it is.
    """
    for _ in range(sweeps):
        nearest = torch.cat([squared_distances(part, centroids).argmin(1) for part in torch.split(points, 5000)])
        sums = torch.zeros_like(centroids).index_add_(0, nearest, points)
        counts = torch.bincount(nearest, minlength=len(centroids))[:, None]
        centroids = torch.where(counts > 0, sums / counts.clamp(min=1), centroids)
    return centroids


def squared_distances(points: Tensor, centroids: Tensor) -> Tensor:
    """|x|^2 - 2 x c + |c|^2 for all pairs of [n, d] and [k, d], not below zero: [n, k]."""
    lengths = centroids.square().sum(1)
    products = torch.addmm(lengths, points, centroids.T, alpha=-2)
    return products.add_(points.square().sum(1, keepdim=True)).clamp_(min=0)
