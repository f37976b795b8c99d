"""Coates, Ng & Lee 2011: features that k-means learns; scikit-learn's k-means and PCA are the oracles."""

import numpy as np
import pytest
import torch
from sklearn.cluster import KMeans
from sklearn.decomposition import PCA
from torch import Tensor
from torch.utils.flop_counter import FlopCounterMode

from dlbench.models.kmeans_linear import (
    EIGENVALUE_FLOOR,
    VARIANCE_FLOOR,
    KMeansLinear,
    contrast_normalised,
    kmeans,
    kmeans_linear,
    zca,
)


def small(**options: int) -> KMeansLinear:
    """Seven centroids of 3x3 patches of 8x8 images."""
    net = kmeans_linear(**{"size": 8, "centroids": 7, "patch": 3, "patches": 200, "sweeps": 3} | options)
    assert isinstance(net, KMeansLinear)
    return net


def generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


@pytest.fixture
def images() -> Tensor:
    return torch.rand(12, 3, 8, 8, generator=generator())


def test_the_paper_s_net_has_6400_features_and_a_weight_for_each_class() -> None:
    """Section 3.2.1: (n - w + 1)^2 patches and 4 K features; a centroid costs 27^2 products of 108 pixels an image."""
    with torch.device("meta"):
        net = kmeans_linear()
        with FlopCounterMode(display=False) as counter:
            net(torch.zeros(1, 3, 32, 32))
    assert sum(parameter.numel() for parameter in net.parameters()) == 4 * 1600 * 10 + 10
    assert counter.get_total_flops() == 2 * (27**2 * 108 * (108 + 1600) + 4 * 1600 * 10)


def test_features_are_the_paper_s_formula(images: Tensor) -> None:
    """f_k = max(0, mean of z - z_k), z_k = |x - c_k|, patch by patch, summed over quadrants; 6x6 places at stride 1."""
    torch.manual_seed(0)
    net = small()
    net.learn_features(images, generator())
    image = images[3].double().numpy()
    expected = np.zeros((2, 2, 7))
    for row in range(6):
        for column in range(6):
            x = image[:, row : row + 3, column : column + 3].flatten()
            x = (x - x.mean()) / np.sqrt(x.var(ddof=1) + VARIANCE_FLOOR)
            x = (x - net.patch_mean.double().numpy()) @ net.whitening.double().numpy()
            z = np.linalg.norm(net.centroids.double().numpy() - x, axis=1)
            expected[row // 3, column // 3] += np.maximum(0, z.mean() - z)
    features = net.features(images)
    np.testing.assert_allclose(features[3].numpy(), expected.flatten(), atol=1e-3)
    assert features.shape == (12, 28)
    assert float((features[3] > 0).float().mean()) > 0.2


def test_an_odd_number_of_places_is_split_unevenly() -> None:
    """27 = 14 + 13; with a constant activation the sums count the places."""
    pooled = small(size=32, patch=6)._pooled(torch.ones(1, 27, 27, 1))
    assert pooled.tolist() == [[14 * 14, 14 * 13, 13 * 14, 13 * 13]]


def test_kmeans_is_scikit_learn_s() -> None:
    points = torch.randn(500, 5, generator=generator(), dtype=torch.float64)
    start = points[:8]
    oracle = KMeans(8, init=start.numpy(), n_init=1, max_iter=300, tol=0, algorithm="lloyd").fit(points.numpy())
    np.testing.assert_allclose(kmeans(points, start, 300).numpy(), oracle.cluster_centers_, atol=1e-9)


def test_a_centroid_without_points_stays() -> None:
    start = torch.tensor([[0.0, 0.0], [100.0, 100.0]])
    points = torch.tensor([[1.0, 0.0], [3.0, 2.0]])
    assert kmeans(points, start, 5).tolist() == [[2.0, 1.0], [100.0, 100.0]]


def test_zca_is_pca_turned_back() -> None:
    """Where the eigenvalues' floor does not matter: uncorrelated, unit variance, and symmetric."""
    points = 100 * torch.randn(400, 6, generator=generator()) @ torch.rand(6, 6, generator=generator(1))
    mean, whitening = zca(points)
    white = (points - mean) @ whitening
    torch.testing.assert_close(torch.cov(white.T), torch.eye(6), atol=0.02, rtol=0)
    torch.testing.assert_close(whitening, whitening.T)
    pca = PCA().fit(points.double().numpy())
    expected = pca.components_.T / np.sqrt(pca.explained_variance_ + EIGENVALUE_FLOOR) @ pca.components_
    np.testing.assert_allclose(whitening.numpy(), expected, rtol=1e-3, atol=1e-5)


def test_contrast_and_brightness_do_not_count() -> None:
    patches = torch.rand(50, 27, generator=generator())
    torch.testing.assert_close(
        contrast_normalised(patches), contrast_normalised(0.5 * patches + 0.3), atol=1e-2, rtol=0
    )
    assert not contrast_normalised(torch.full((1, 27), 0.7)).abs().gt(1e-3).any()


def test_patches_are_pieces_of_the_images(images: Tensor) -> None:
    known = {piece.tobytes() for image in images for piece in _pieces(image)}
    drawn = small()._random_patches(images, generator())
    assert len(drawn) == 200
    assert {patch.numpy().tobytes() for patch in drawn} <= known
    assert len({patch.numpy().tobytes() for patch in drawn}) > 100


def _pieces(image: Tensor) -> list[np.ndarray]:
    return [
        image[:, row : row + 3, column : column + 3].flatten().numpy().copy() for row in range(6) for column in range(6)
    ]


def test_the_generator_decides_what_is_learnt(images: Tensor) -> None:
    one, same, other = small(), small(), small()
    for net, seed in ((one, 0), (same, 0), (other, 1)):
        net.learn_features(images, generator(seed))
    assert torch.equal(one.centroids, same.centroids)
    assert not torch.equal(one.centroids, other.centroids)


def test_sizes_that_do_not_fit() -> None:
    with pytest.raises(ValueError, match="a patch of 9 pixels does not fit into 8 pixels"):
        small(patch=9)
    with pytest.raises(ValueError, match="200 patches cannot teach 201 centroids"):
        small(centroids=201)
