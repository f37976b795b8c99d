from typing import get_args

import pytest
import torch

from dlbench.data.normalisation import ColourNormalisation, colour, ink


def photographs(count: int = 300) -> torch.Tensor:
    pixels = torch.randint(256, (count, 5, 4, 3), generator=torch.Generator().manual_seed(0), dtype=torch.uint8)
    return (pixels // torch.tensor([1, 2, 3], dtype=torch.uint8)).permute(0, 3, 1, 2)


def test_per_pixel_takes_the_mean_image_off_the_unit_range() -> None:
    images = photographs()
    shift, scale = colour(images, "per_pixel")
    expected = images.double() / 255 - (images.double() / 255).mean(0)
    torch.testing.assert_close(((images - shift) * scale).double(), expected, rtol=0, atol=1e-6)


def test_bytes_centred_takes_the_mean_image_off_the_bytes() -> None:
    images = photographs()
    shift, scale = colour(images, "bytes_centred")
    torch.testing.assert_close((images - shift) * scale, images.float() - images.float().mean(0), rtol=0, atol=1e-4)


@pytest.mark.parametrize("count", [1, 300, 6000])
def test_per_channel_gives_zero_mean_and_unit_deviation(count: int) -> None:
    images = photographs(count)
    shift, scale = colour(images, "per_channel")
    prepared = ((images - shift) * scale).double()
    torch.testing.assert_close(prepared.mean((0, 2, 3)), torch.zeros(3).double(), rtol=0, atol=1e-5)
    torch.testing.assert_close(prepared.std((0, 2, 3), correction=0), torch.ones(3).double(), rtol=1e-5, atol=0)


def test_unit_is_the_range_from_0_to_1() -> None:
    shift, scale = colour(photographs(), "unit")
    extremes = torch.tensor([0, 255], dtype=torch.uint8)
    torch.testing.assert_close((extremes - shift) * scale, torch.tensor([0.0, 1.0]))


def test_lecuns_range() -> None:
    """LeCun et al. 1998, section II.B: background -0.1, foreground 1.175."""
    extremes = torch.tensor([0, 255], dtype=torch.uint8)
    shift, scale = ink(extremes, "lecun")
    torch.testing.assert_close((extremes - shift) * scale, torch.tensor([-0.1, 1.175]))


@pytest.mark.parametrize("normalise", get_args(ColourNormalisation))
def test_the_images_keep_their_memory_format(normalise: ColourNormalisation) -> None:
    images = photographs()
    shift, scale = colour(images, normalise)
    assert ((images - shift) * scale).is_contiguous(memory_format=torch.channels_last)
