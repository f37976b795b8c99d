"""HOG and colours under a Gaussian kernel: scikit-learn's kernel and Nyström map are the oracles."""

from typing import Any

import numpy as np
import pytest
import torch
from sklearn.kernel_approximation import Nystroem
from sklearn.metrics.pairwise import rbf_kernel
from torch import Tensor

from dlbench.errors import InputError
from dlbench.models.hog_kernel import HOGKernel, colours, hog_kernel
from dlbench.models.hog_linear import hog_linear


def taught(images: Tensor, **options: Any) -> HOGKernel:
    net = hog_kernel(**{"size": 16, "landmarks": 12, "gamma": 0.7, "colour": 0.5} | options)
    assert isinstance(net, HOGKernel)
    net.learn_features(images, torch.Generator().manual_seed(0))
    return net


@pytest.fixture
def images() -> Tensor:
    return torch.rand(30, 3, 16, 16, generator=torch.Generator().manual_seed(0))


def test_a_class_weighs_each_landmark() -> None:
    assert sum(parameter.numel() for parameter in hog_kernel(landmarks=2000).parameters()) == 2000 * 10 + 10


def test_features_are_scikit_learn_s_nystroem_map(images: Tensor) -> None:
    """With the landmarks that were drawn; up to a turn, so products are compared."""
    net = taught(images)
    points = ((net._described(images) - net.centre) * net.scale).double().numpy()
    oracle = Nystroem(kernel="rbf", gamma=0.7, n_components=12)
    oracle.fit(net.landmarks.double().numpy())
    expected = oracle.transform(points)
    features = net.features(images).double().numpy()
    np.testing.assert_allclose(features @ features.T, expected @ expected.T, atol=1e-3)


def test_with_all_images_as_landmarks_products_are_the_kernel(images: Tensor) -> None:
    net = taught(images, landmarks=30)
    points = ((net._described(images) - net.centre) * net.scale).double().numpy()
    features = net.features(images).double().numpy()
    kernel = rbf_kernel(points, gamma=0.7)
    np.testing.assert_allclose(features @ features.T, kernel, atol=1e-3)
    assert 0.01 < np.triu(kernel, 1).max() < 0.9


def test_hog_weighs_one_and_colours_what_is_asked(images: Tensor) -> None:
    net = taught(images, landmarks=30)
    hog = net.hog.features(images).shape[1]
    lengths = net.landmarks.square().mean(0)
    assert float(lengths[:hog].sum()) == pytest.approx(1, abs=1e-3)
    assert float(lengths[hog:].sum()) == pytest.approx(0.5, abs=1e-3)
    assert float(taught(images, colour=0.0).landmarks[:, hog:].abs().max()) == 0


def test_hog_is_that_of_the_linear_classifier(images: Tensor) -> None:
    linear = hog_linear(size=16, cells=[4, 8], square_root=True)
    described = taught(images)._described(images)
    expected = linear.features(images)  # type: ignore[operator]
    assert torch.equal(described[:, : expected.shape[1]], expected)


def test_colours_are_means_and_deviations_of_cells(images: Tensor) -> None:
    pixels = images[3].double().numpy()
    means = [pixels[c, 8 * y : 8 * y + 8, 8 * x : 8 * x + 8] for c in range(3) for y in (0, 1) for x in (0, 1)]
    expected = [cell.mean() for cell in means] + [cell.std() for cell in means]
    np.testing.assert_allclose(colours(images, 8)[3].numpy(), expected, atol=1e-5)


def test_landmarks_are_drawn_from_the_images_that_there_are(images: Tensor) -> None:
    with pytest.raises(InputError, match="30 training images cannot give 31 landmarks"):
        taught(images, landmarks=31)


def test_refuses_what_cannot_be() -> None:
    with pytest.raises(ValueError, match="a block of 2 cells of 20 pixels does not fit into 32 pixels"):
        hog_kernel(cells=[20])
    with pytest.raises(ValueError, match="must be positive"):
        hog_kernel(gamma=0)
