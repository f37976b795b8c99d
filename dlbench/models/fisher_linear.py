"""A linear classifier on Fisher vectors of local descriptors: the hand-made features that came second in ILSVRC 2012.

Perronnin, Sánchez, Mensink: Improving the Fisher Kernel for Large-Scale Image Classification, ECCV 2010. Small windows
are described by the directions of their gradients (Lowe: Distinctive Image Features from Scale-Invariant Keypoints,
IJCV 60, 2004, section 6.1) and by the means and deviations of their colours. A mixture of Gaussians says how such
descriptors are spread over all images; an image is how its own would change the mixture's means and deviations.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from dlbench.models.pixels_linear import LinearOnFeatures

GRID = 4  # cells along a window's side
DIRECTIONS = 8
LARGEST_SHARE = 0.2  # of a descriptor's length in one direction, so that one strong edge is not all
FAINT = 0.1  # length of gradients that halves the descriptor of a window that is nearly flat
AT_ONCE = 50  # images
SWEEPS = 30  # of expectation and maximisation
SMALLEST_VARIANCE = 1e-5
TINY = 1e-12


def fisher_linear(
    *,
    classes: int = 10,
    size: int = 32,
    channels: int = 3,
    cells: Sequence[int] = (2, 3, 4),
    stride: int = 2,
    gradient_components: int = 40,
    colour_components: int = 24,
    gaussians: int = 64,
    regions: Sequence[int] = (2,),
    descriptors: int = 100_000,
) -> nn.Module:
    """Build a linear classifier on Fisher vectors of `size` x `size` images with pixels in [0, 1].

    cells: sides of a cell in pixels, one for each scale; a window has 4 x 4 cells, and moves by `stride` pixels.
    gradient_components, colour_components: what is kept of a descriptor, by principal components. gaussians: of either
    mixture, which `descriptors` drawn at random teach (`learn_features`); until then they are random. regions: for each
    level of a spatial pyramid into how many parts it cuts either side. Raises ValueError where a window does not fit
    into the image or Gaussians outnumber descriptors.
    """
    if GRID * max(cells) > size:
        raise ValueError(f"a window of {GRID * max(cells)} pixels does not fit into {size} pixels")
    if descriptors < gaussians:
        raise ValueError(f"{descriptors} descriptors cannot teach {gaussians} Gaussians")
    kinds = [
        Kind(gradient_descriptors, GRID**2 * DIRECTIONS, gradient_components, gaussians),
        Kind(colour_descriptors, GRID**2 * 2 * channels, colour_components, gaussians),
    ]
    places = [(size - GRID * cell) // stride + 1 for cell in cells]
    masks = [torch.cat([region_masks(level, count) for count in places], dim=1) for level in regions]
    return FisherLinear(
        input_shape=(channels, size, size),
        classes=classes,
        kinds=kinds,
        cells=cells,
        stride=stride,
        masks=torch.cat(masks),
        descriptors=descriptors,
    )


class FisherLinear(LinearOnFeatures):
    """The features are Fisher vectors: of each kind of descriptor one for each region."""

    masks: Tensor

    def __init__(
        self,
        *,
        input_shape: tuple[int, int, int],
        classes: int,
        kinds: Sequence[Kind],
        cells: Sequence[int],
        stride: int,
        masks: Tensor,
        descriptors: int,
    ) -> None:
        count = len(masks) * sum(2 * kind.means.numel() for kind in kinds)
        super().__init__(input_shape=input_shape, feature_count=count, classes=classes)
        self.kinds = nn.ModuleList(kinds)
        self.cells, self.stride, self.descriptors = tuple(cells), stride, descriptors
        self.register_buffer("masks", masks)  # [regions, windows]

    def learn_features(self, images: Tensor, generator: torch.Generator) -> None:
        """Components and mixtures, from random windows of images [n, c, h, w]. Nobody sees a label."""
        enough = 4 * math.ceil(self.descriptors / self.masks.shape[1])
        some = images[torch.randperm(len(images), generator=generator, device=images.device)[:enough]]
        for kind in self.kinds:
            windows = self._windows(some, kind).transpose(1, 2).flatten(0, 1)
            order = torch.randperm(len(windows), generator=generator, device=images.device)
            kind.learn(windows[order[: self.descriptors]], generator)  # type: ignore[operator]  # a buffer, as mypy has it

    def features(self, images: Tensor) -> Tensor:
        """Images [n, c, h, w] in [0, 1] -> [n, feature_count]."""
        return torch.cat([self._vectors(part) for part in torch.split(images, AT_ONCE)])

    def _vectors(self, images: Tensor) -> Tensor:
        vectors = [
            kind.fisher_vectors(self._windows(images, kind), self.masks)  # type: ignore[operator]
            for kind in self.kinds
        ]
        return torch.cat([improved(part).flatten(1) for part in vectors], dim=1)

    def _windows(self, images: Tensor, kind: nn.Module) -> Tensor:
        """The descriptors of all windows at all scales, [n, values, windows]."""
        return torch.cat(
            [kind.describe(images, cell, self.stride) for cell in self.cells],  # type: ignore[operator]
            dim=2,
        )


class Kind(nn.Module):
    """One kind of descriptor: its principal components, and a mixture of Gaussians with diagonal covariances."""

    centre: Tensor
    components: Tensor
    weights: Tensor
    means: Tensor
    deviations: Tensor

    def __init__(
        self, describe: Callable[[Tensor, int, int], Tensor], values: int, components: int, gaussians: int
    ) -> None:
        super().__init__()
        self.describe = describe
        self.register_buffer("centre", torch.zeros(values))
        self.register_buffer("components", torch.eye(values)[:, :components])
        self.register_buffer("weights", torch.full((gaussians,), 1 / gaussians))
        self.register_buffer("means", torch.randn(gaussians, components))
        self.register_buffer("deviations", torch.ones(gaussians, components))

    def learn(self, descriptors: Tensor, generator: torch.Generator) -> None:
        """Fit components and mixture to descriptors [n, values]."""
        self.centre.copy_(descriptors.mean(0))
        _, vectors = torch.linalg.eigh(torch.cov(descriptors.T).double())
        self.components.copy_(vectors.flip(1)[:, : self.components.shape[1]])
        self._fit((descriptors - self.centre) @ self.components, generator)

    def _fit(self, points: Tensor, generator: torch.Generator) -> None:
        """Expectation and maximisation, from where k-means puts the means."""
        from sklearn.mixture import GaussianMixture

        mixture = GaussianMixture(
            len(self.weights),
            covariance_type="diag",
            reg_covar=SMALLEST_VARIANCE,
            max_iter=SWEEPS,
            random_state=int(torch.randint(2**31, (), generator=generator, device=generator.device)),
        )
        mixture.fit(points.cpu().numpy())
        for buffer, learnt in ((self.weights, mixture.weights_), (self.means, mixture.means_)):
            buffer.copy_(torch.from_numpy(learnt))
        self.deviations.copy_(torch.from_numpy(mixture.covariances_).sqrt())

    def fisher_vectors(self, windows: Tensor, masks: Tensor) -> Tensor:
        """Descriptors [n, values, windows] and regions [r, windows] -> [n, r, 2 * gaussians * components].

        Equations 4 and 5 of the paper: the gradient of the mean log-likelihood of a region's windows, by means and by
        deviations, in units of the Fisher information.
        """
        points = self.components.T @ windows - (self.centre @ self.components)[:, None]
        shares = self.shares(points)
        parts = [self._gradient(points[..., mask], shares[..., mask]) for mask in masks]
        return torch.stack(parts, dim=1)

    def shares(self, points: Tensor) -> Tensor:
        """How much of each point [..., components, n] is each Gaussian's, [..., gaussians, n]."""
        precisions = self.deviations.square().reciprocal()
        constants = self.weights.log() - self.deviations.log().sum(1) - (self.means.square() * precisions).sum(1) / 2
        logits = (self.means * precisions) @ points - precisions @ points.square() / 2 + constants[:, None]
        return logits.softmax(-2)

    def _gradient(self, points: Tensor, shares: Tensor) -> Tensor:
        """Points [n, components, windows] and their shares -> [n, 2 * gaussians * components]."""
        count = shares.mean(2, keepdim=True)  # the means over windows of 1, x and x^2
        first = shares @ points.transpose(1, 2) / points.shape[2]
        second = shares @ points.square().transpose(1, 2) / points.shape[2]
        by_mean = (first - count * self.means) / self.deviations
        squares = second - 2 * self.means * first + count * self.means.square()
        by_deviation = (squares / self.deviations.square() - count) / math.sqrt(2)
        scale = self.weights.rsqrt()[:, None]
        return torch.cat([(scale * by_mean).flatten(1), (scale * by_deviation).flatten(1)], dim=1)


def improved(vectors: Tensor) -> Tensor:
    """Sections 3.1 and 3.2: the signed root of each number, then length 1 of each vector [..., d]."""
    return F.normalize(vectors.sign() * vectors.abs().sqrt(), dim=-1)


def gradient_descriptors(images: Tensor, cell: int, stride: int) -> Tensor:
    """Images [n, c, h, w] -> [n, 128, windows]: in each cell how much gradient points into each of 8 directions."""
    grey = F.pad(images.mean(1, keepdim=True), (1, 1, 1, 1), mode="replicate")
    across = (grey[..., 1:-1, 2:] - grey[..., 1:-1, :-2]) / 2
    down = (grey[..., 2:, 1:-1] - grey[..., :-2, 1:-1]) / 2
    turns = torch.atan2(down, across) * (DIRECTIONS / math.tau) % DIRECTIONS
    away = (turns - torch.arange(DIRECTIONS, device=images.device).view(-1, 1, 1)).abs()
    votes = (1 - torch.minimum(away, DIRECTIONS - away)).clamp(min=0)  # shared by the two nearest directions
    windows = _windows(_sums(torch.hypot(across, down) * votes, cell), cell, stride)
    length = _length(windows)
    clipped = (windows / (length + TINY)).clamp(max=LARGEST_SHARE)
    return clipped * (length / (length + FAINT) / (_length(clipped) + TINY))


def colour_descriptors(images: Tensor, cell: int, stride: int) -> Tensor:
    """Images [n, c, h, w] -> [n, 32 c, windows]: each cell's mean and deviation of each channel."""
    means = _sums(images, cell) / cell**2
    variances = _sums(images.square(), cell) / cell**2 - means.square()
    return _windows(torch.cat([means, variances.clamp(min=0).sqrt()], dim=1), cell, stride)


def _sums(maps: Tensor, cell: int) -> Tensor:
    """Sums over the squares of this side that fit into maps [..., h, w], at all places; much faster than pooling."""
    rows = sum(maps[..., at : maps.shape[-2] - cell + 1 + at, :] for at in range(cell))
    return sum(rows[..., at : maps.shape[-1] - cell + 1 + at] for at in range(cell))  # type: ignore[return-value, index, misc]


def _windows(cells: Tensor, cell: int, stride: int) -> Tensor:
    """What the cells at all places say, [n, m, h, w], collected window by window: [n, 16 m, windows]."""
    return F.unfold(cells, GRID, dilation=cell, stride=stride)


def _length(descriptors: Tensor) -> Tensor:
    return descriptors.square().sum(1, keepdim=True).sqrt()


def region_masks(level: int, places: int) -> Tensor:
    """Which of places x places windows lie in which of level x level parts, [level^2, places^2]; windows row by row."""
    part = torch.arange(places) * level // places
    sides = part == torch.arange(level)[:, None]
    return (sides[:, None, :, None] & sides[None, :, None, :]).flatten(2).flatten(0, 1)
