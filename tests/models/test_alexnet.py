"""Krizhevsky et al. 2012."""

from collections.abc import Callable

import pytest
import torch
from torch import Tensor, nn

from dlbench.models.alexnet import LocalResponseNorm, alexnet


@pytest.fixture(scope="module")
def net() -> nn.Module:
    torch.manual_seed(0)
    return alexnet(classes=10)


def test_maps_shrink_as_in_figure_2(output_shapes: Callable[[nn.Module], dict[str, tuple[int, ...]]]) -> None:
    with torch.device("meta"):
        shapes = output_shapes(alexnet())
    assert shapes["conv1"] == (96, 55, 55)
    assert shapes["conv2"] == (256, 27, 27)
    assert shapes["conv3"] == shapes["conv4"] == (384, 13, 13)
    assert shapes["conv5"] == (256, 13, 13)
    assert shapes["pool5"] == (256, 6, 6)
    assert (shapes["fc6"], shapes["fc7"], shapes["fc8"]) == ((4096,), (4096,), (1000,))


def test_a_224_pixel_image_does_not_fit() -> None:
    with torch.device("meta"):
        net = alexnet()
        with pytest.raises(RuntimeError, match=r"6400.*9216"):
            net(torch.zeros(1, 3, 224, 224))  # 54x54 maps in conv1 end as 5x5, where fc6 expects 6x6


def test_initial_weights_and_biases(net: nn.Module, assert_normal: Callable[[Tensor, float], None]) -> None:
    ones = {"conv2", "conv4", "conv5", "fc6", "fc7"}
    for name in ("conv1", "conv2", "conv3", "conv4", "conv5", "fc6", "fc7", "fc8"):
        assert_normal(net.get_parameter(f"{name}.weight"), 0.01)
        assert (net.get_parameter(f"{name}.bias") == (1 if name in ones else 0)).all(), name


def test_only_fc6_and_fc7_drop_units(net: nn.Module) -> None:
    dropouts = {name: layer.p for name, layer in net.named_modules() if isinstance(layer, nn.Dropout)}
    assert dropouts == {"fc6_dropout": 0.5, "fc7_dropout": 0.5}


def test_response_normalisation_follows_the_paper_s_formula() -> None:
    channels = 8
    a = 100 * torch.rand(channels, dtype=torch.float64)
    b = LocalResponseNorm()(a.reshape(1, channels, 1, 1)).flatten()
    for i in range(channels):  # section 3.3, with its k, n, alpha and beta
        neighbours = range(max(0, i - 2), min(channels - 1, i + 2) + 1)
        expected = a[i] / (2 + 1e-4 * sum(a[j] ** 2 for j in neighbours)) ** 0.75
        assert b[i].item() == pytest.approx(expected.item(), rel=1e-12)


def test_response_normalisation_is_torch_s_with_alpha_times_n() -> None:
    x = 100 * torch.randn(2, 8, 3, 3, dtype=torch.float64)
    torch.testing.assert_close(LocalResponseNorm()(x), nn.LocalResponseNorm(5, alpha=5 * 1e-4, beta=0.75, k=2)(x))


def test_response_normalisation_keeps_channels_last() -> None:
    x = torch.randn(2, 8, 3, 3).to(memory_format=torch.channels_last)
    assert LocalResponseNorm()(x).is_contiguous(memory_format=torch.channels_last)
