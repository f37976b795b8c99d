"""Perronnin, Sánchez & Mensink 2010: Fisher vectors; scikit-learn, autograd and plain loops are the oracles."""

import math
from typing import Any

import numpy as np
import pytest
import torch
from sklearn.decomposition import PCA
from sklearn.mixture import GaussianMixture
from torch import Tensor
from torch.distributions import Categorical, Independent, MixtureSameFamily, Normal

from dlbench.models.fisher_linear import (
    FAINT,
    FisherLinear,
    Kind,
    colour_descriptors,
    fisher_linear,
    gradient_descriptors,
    improved,
    region_masks,
)


def small(**options: Any) -> FisherLinear:
    """Three Gaussians of either kind on 16x16 images."""
    few = {"size": 16, "cells": [2, 3], "gradient_components": 6, "colour_components": 5, "gaussians": 3}
    net = fisher_linear(**few | {"descriptors": 300} | options)
    assert isinstance(net, FisherLinear)
    return net


def generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


@pytest.fixture
def images() -> Tensor:
    """A few blobs a picture, and noise."""
    coarse = torch.rand(20, 3, 4, 4, generator=generator())
    return 0.8 * coarse.repeat_interleave(4, 2).repeat_interleave(4, 3) + 0.2 * torch.rand(
        20, 3, 16, 16, generator=generator(1)
    )


@pytest.fixture
def taught(images: Tensor) -> FisherLinear:
    net = small()
    net.learn_features(images, generator())
    return net


def test_a_class_weighs_a_mean_and_a_deviation_of_each_gaussian_component_and_region() -> None:
    net = fisher_linear(gaussians=64, gradient_components=40, colour_components=24, regions=[1, 2])
    features = 2 * 64 * (40 + 24) * (1 + 4)
    assert sum(parameter.numel() for parameter in net.parameters()) == 10 * features + 10


def test_features_are_of_that_number_and_each_image_keeps_its_own_row(taught: FisherLinear, images: Tensor) -> None:
    many = images.repeat(4, 1, 1, 1)
    features = taught.features(many)
    assert features.shape == (80, 2 * 3 * 11 * 4)
    torch.testing.assert_close(features[77:78], taught.features(many[77:78]), atol=1e-4, rtol=0)
    assert float(features[0].sub(features[1]).norm()) > 0.5


def test_fisher_vectors_are_the_gradient_of_the_log_likelihood(taught: FisherLinear, images: Tensor) -> None:
    """Of a region's windows, by means and deviations, over the root of the Fisher information (section 2.1)."""
    kind = taught.kinds[0].double()
    windows = taught._windows(images[:1], kind).double()
    masks = taught.masks[:2]
    points = (windows[0].T - kind.centre) @ kind.components
    vectors = kind.fisher_vectors(windows, masks)[0]
    for mask, vector in zip(masks, vectors, strict=True):
        means, deviations = kind.means.clone().requires_grad_(), kind.deviations.clone().requires_grad_()
        mixture = MixtureSameFamily(Categorical(probs=kind.weights), Independent(Normal(means, deviations), 1))
        mixture.log_prob(points[mask]).mean().backward()
        scale = kind.deviations / kind.weights.sqrt()[:, None]
        assert means.grad is not None
        assert deviations.grad is not None
        expected = torch.cat([(scale * means.grad).ravel(), (scale / math.sqrt(2) * deviations.grad).ravel()])
        torch.testing.assert_close(vector, expected, atol=1e-6, rtol=1e-5)
        assert float(expected.abs().max()) > 0.1


def test_components_and_shares_are_scikit_learn_s() -> None:
    points = torch.randn(400, 6, generator=generator()) * torch.tensor([3.0, 2.5, 2.0, 1.0, 0.5, 0.2]) + 1
    kind = Kind(colour_descriptors, 6, 3, 4)
    kind.learn(points, generator())
    oracle = PCA(3).fit(points.numpy())
    np.testing.assert_allclose(kind.centre.numpy(), oracle.mean_, atol=1e-5)
    alike = np.abs((kind.components.T.numpy() * oracle.components_).sum(1))
    np.testing.assert_allclose(alike, 1, atol=1e-4)
    projected = (points - kind.centre) @ kind.components
    mixture = GaussianMixture(4, covariance_type="diag")
    mixture.weights_, mixture.means_ = kind.weights.numpy(), kind.means.numpy()
    mixture.covariances_ = kind.deviations.square().numpy()
    mixture.precisions_cholesky_ = kind.deviations.reciprocal().numpy()
    np.testing.assert_allclose(kind.shares(projected.T).T.numpy(), mixture.predict_proba(projected.numpy()), atol=1e-4)


def test_the_mixture_finds_the_clouds_there_are() -> None:
    centres = torch.tensor([[0.0, 0.0], [4.0, 0.0], [0.0, 8.0]])
    points = centres.repeat_interleave(200, 0) + 0.5 * torch.randn(600, 2, generator=generator())
    kind = Kind(colour_descriptors, 2, 2, 3)
    kind.learn(points, generator())
    means = kind.means @ kind.components.T + kind.centre
    order = (means[:, 0] + 2 * means[:, 1]).argsort()
    torch.testing.assert_close(means[order], centres, atol=0.15, rtol=0)
    torch.testing.assert_close(kind.weights, torch.full((3,), 1 / 3), atol=0.02, rtol=0)
    torch.testing.assert_close(kind.deviations, torch.full((3, 2), 0.5), atol=0.08, rtol=0)


def test_gradients_are_counted_by_cell_and_direction(images: Tensor) -> None:
    """The window at the second place down and the first across, in plain loops."""
    cell, stride = 3, 2
    grey = np.pad(images[0].double().numpy().mean(0), 1, mode="edge")
    histogram = np.zeros((8, 4, 4))
    for row in range(12):
        for column in range(12):
            y, x = stride + row + 1, column + 1  # in the padded picture
            across, down = (grey[y, x + 1] - grey[y, x - 1]) / 2, (grey[y + 1, x] - grey[y - 1, x]) / 2
            turn = (np.arctan2(down, across) / (2 * np.pi) * 8) % 8
            lower, share = int(turn), turn - int(turn)
            for direction, part in ((lower, 1 - share), ((lower + 1) % 8, share)):
                histogram[direction % 8, row // cell, column // cell] += part * np.hypot(across, down)
    length = np.linalg.norm(histogram)
    clipped = np.minimum(histogram / length, 0.2)
    expected = clipped / np.linalg.norm(clipped) * length / (length + FAINT)
    descriptors = gradient_descriptors(images[:1], cell, stride)
    assert descriptors.shape == (1, 128, 9)
    np.testing.assert_allclose(descriptors[0, :, 3].numpy(), expected.ravel(), atol=1e-5)


def test_a_flat_window_has_no_gradients_and_brightness_does_not_count(images: Tensor) -> None:
    assert float(gradient_descriptors(torch.full((1, 3, 16, 16), 0.4), 2, 2).abs().max()) < 1e-5
    darker = gradient_descriptors(0.5 * images, 2, 2)
    torch.testing.assert_close(gradient_descriptors(0.5 * images + 0.3, 2, 2), darker, atol=1e-4, rtol=0)


def test_colours_are_means_and_deviations_of_cells(images: Tensor) -> None:
    pixels = images[1].double().numpy()
    expected = np.zeros((6, 4, 4))
    for row in range(4):
        for column in range(4):
            square = pixels[:, 2 + 2 * row : 4 + 2 * row, 4 + 2 * column : 6 + 2 * column]
            expected[:3, row, column], expected[3:, row, column] = square.mean((1, 2)), square.std((1, 2))
    descriptors = colour_descriptors(images, 2, 2)  # 5 x 5 windows: this is the second down, the third across
    np.testing.assert_allclose(descriptors[1, :, 7].numpy(), expected.ravel(), atol=1e-4)


def test_regions_share_all_windows_out() -> None:
    """13 = 7 + 6."""
    masks = region_masks(2, 13)
    assert masks.sum(1).tolist() == [49, 42, 42, 36]
    assert masks.sum(0).tolist() == [1] * 169
    assert masks[1].view(13, 13).nonzero().min(0).values.tolist() == [0, 7]
    assert small(regions=[1, 3]).masks.sum(1).tolist()[0] == 25 + 9


def test_roots_and_then_length_one() -> None:
    """(9, -16) -> (3, -4) / 5."""
    torch.testing.assert_close(improved(torch.tensor([[9.0, -16.0]])), torch.tensor([[0.6, -0.8]]))


def test_the_seed_decides_what_is_learnt(images: Tensor) -> None:
    first, again, other = small(), small(), small()
    for net, seed in ((first, 0), (again, 0), (other, 1)):
        net.learn_features(images, generator(seed))
    assert torch.equal(first.features(images), again.features(images))
    assert not torch.equal(first.features(images), other.features(images))


def test_windows_must_fit_and_teach() -> None:
    with pytest.raises(ValueError, match="a window of 20 pixels does not fit into 16 pixels"):
        small(cells=[2, 5])
    with pytest.raises(ValueError, match="2 descriptors cannot teach 3 Gaussians"):
        small(descriptors=2)
