"""Histograms of oriented gradients: what makes them features and not pixels."""

import pytest
import torch
from torch import Tensor

from dlbench.models.hog_linear import HOGLinear, hog_linear


def one_histogram(images: Tensor, *, orientations: int = 2) -> Tensor:
    """One cell in one block: a histogram of the whole image."""
    net = hog_linear(size=16, channels=images.shape[1], cell=16, block=1, orientations=orientations)
    assert isinstance(net, HOGLinear)
    return net.features(images)


def test_an_edge_votes_for_its_direction() -> None:
    edge = torch.zeros(1, 1, 16, 16)
    edge[..., 8:] = 1  # the gradient points along the row: 0 degrees, in the bin from 0 to 90
    assert one_histogram(edge).tolist() == [pytest.approx([1, 0], abs=1e-3)]
    assert one_histogram(edge.transpose(2, 3)).tolist() == [pytest.approx([0, 1], abs=1e-3)]


def test_contrast_and_brightness_do_not_count() -> None:
    torch.manual_seed(0)
    images = torch.rand(2, 3, 16, 16)
    torch.testing.assert_close(
        one_histogram(images, orientations=9), one_histogram(0.5 * images + 0.3, orientations=9), atol=1e-3, rtol=0
    )


def test_each_image_keeps_its_own_row() -> None:
    torch.manual_seed(0)
    net = hog_linear()
    assert isinstance(net, HOGLinear)
    images = torch.rand(3, 3, 32, 32)
    together = net.features(images)
    assert together.dtype == images.dtype
    for image, row in zip(images, together, strict=True):
        assert torch.equal(net.features(image[None])[0], row)


def test_a_block_must_fit() -> None:
    with pytest.raises(ValueError, match="a block of 2 cells of 20 pixels does not fit into 32 pixels"):
        hog_linear(cell=20)
