"""Histograms of oriented gradients: what makes them features and not pixels."""

import pytest
import torch
from torch import Tensor

from dlbench.errors import InputError
from dlbench.models.hog_linear import HOGLinear, hog_linear


def one_histogram(images: Tensor, *, orientations: int = 2) -> Tensor:
    """One cell in one block: a histogram of the whole image."""
    net = hog_linear(size=16, channels=images.shape[1], cells=[16], block=1, orientations=orientations)
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


def test_scales_stand_one_behind_the_other() -> None:
    torch.manual_seed(0)
    images = torch.rand(2, 3, 32, 32)
    fine, coarse, both = (hog_linear(cells=cells) for cells in ([4], [8], [4, 8]))
    assert isinstance(fine, HOGLinear)
    assert isinstance(coarse, HOGLinear)
    assert isinstance(both, HOGLinear)
    assert both.classifier.in_features == 7 * 7 * 36 + 3 * 3 * 36
    assert torch.equal(both.features(images), torch.cat([fine.features(images), coarse.features(images)], dim=1))


def test_the_square_root_is_taken_of_pixels_before_all_else() -> None:
    torch.manual_seed(0)
    images = torch.rand(2, 3, 32, 32)
    plain, compressed = hog_linear(), hog_linear(square_root=True)
    assert isinstance(plain, HOGLinear)
    assert isinstance(compressed, HOGLinear)
    torch.testing.assert_close(compressed.features(images), plain.features(images.sqrt()))
    assert not torch.allclose(compressed.features(images), plain.features(images))


def test_no_square_root_of_negative_pixels() -> None:
    with pytest.raises(InputError, match="normalise: unit"):
        hog_linear(square_root=True)(torch.full((1, 3, 32, 32), -0.1))


def test_a_block_must_fit() -> None:
    with pytest.raises(ValueError, match="a block of 2 cells of 20 pixels does not fit into 32 pixels"):
        hog_linear(cells=[4, 20])
