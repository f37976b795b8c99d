"""What layers see of a shift, a mirror and noise, in nets of which that is known."""

from collections import OrderedDict

import pytest
import torch
from torch import nn

from dlbench.data.dataset import Dataset, Examples
from dlbench.scores.invariance import invariance


@pytest.fixture
def data() -> Dataset:
    """Noise that keeps away from the edges, so that a shift by two loses nothing."""
    torch.manual_seed(0)
    images = nn.functional.pad(torch.randn(200, 1, 8, 8), (4, 4, 4, 4))
    targets = torch.arange(200) % 2
    train, test = Examples(images[:100], targets[:100]), Examples(images[100:], targets[100:])
    return Dataset(train, test, ("even", "odd"), torch.tensor(0.0), torch.tensor(1.0))


def net() -> nn.Module:
    """Pixels as they are, their sum, and two scores."""
    return nn.Sequential(
        OrderedDict(pixels=nn.Identity(), pool=nn.AvgPool2d(16), flat=nn.Flatten(), output=nn.Linear(1, 2))
    )


def test_a_sum_over_the_image_sees_neither_shift_nor_mirror(data: Dataset) -> None:
    scores = invariance(net(), data, data.test, layers=["pixels", "pool"])
    assert scores["pool_shift_percent"] == pytest.approx(0, abs=1e-6)
    assert scores["pool_mirror_percent"] == pytest.approx(0, abs=1e-6)


def test_to_pixels_of_noise_a_shifted_or_mirrored_image_is_another_one(data: Dataset) -> None:
    scores = invariance(net(), data, data.test, layers=["pixels"])
    assert scores["pixels_shift_percent"] == pytest.approx(100, abs=5)
    assert scores["pixels_mirror_percent"] == pytest.approx(100, abs=5)


def test_noise_counts_by_its_square(data: Dataset) -> None:
    torch.manual_seed(0)
    one, two = (
        invariance(net(), data, data.test, layers=["pixels"], noise=noise)["pixels_noise_percent"]
        for noise in (0.1, 0.2)
    )
    assert two / one == pytest.approx(4, rel=0.05)
    assert "pixels_noise_percent" not in invariance(net(), data, data.train, layers=["pixels"])
