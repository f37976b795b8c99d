"""AlexNet at 32x32 pixels: eight learned layers within 40 million multiply-adds."""

import math
from collections.abc import Callable

import pytest
import torch
from torch import Tensor, nn
from torch.utils.flop_counter import FlopCounterMode

from dlbench.models.alexnet import LocalResponseNorm
from dlbench.models.alexnet_cifar import alexnet_cifar


def test_it_keeps_the_paper_s_layers() -> None:
    net = alexnet_cifar()
    learned = [name for name, layer in net.named_children() if isinstance(layer, nn.Conv2d | nn.Linear)]
    assert learned == ["conv1", "conv2", "conv3", "conv4", "conv5", "fc6", "fc7", "fc8"]
    assert [name for name, layer in net.named_children() if isinstance(layer, LocalResponseNorm)] == ["norm1", "norm2"]
    pools = [layer for layer in net.children() if isinstance(layer, nn.MaxPool2d)]
    assert [(pool.kernel_size, pool.stride) for pool in pools] == [(3, 2)] * 3
    assert [layer.p for layer in net.children() if isinstance(layer, nn.Dropout)] == [0.5, 0.5]


def test_it_stays_within_40_million_multiply_adds() -> None:
    with torch.device("meta"), FlopCounterMode(display=False) as counter:
        alexnet_cifar()(torch.zeros(1, 3, 32, 32))
    assert counter.get_total_flops() / 2 <= 40e6


def test_width_scales_the_paper_s_maps() -> None:
    with torch.device("meta"):
        nets = {width: alexnet_cifar(width=width, hidden=4096) for width in (0.25, 1.0)}
    maps = {
        width: [layer.out_channels for layer in net.children() if isinstance(layer, nn.Conv2d)]
        for width, net in nets.items()
    }
    assert maps == {0.25: [24, 64, 96, 96, 64], 1.0: [96, 256, 384, 384, 256]}
    assert nets[1.0].get_parameter("fc7.weight").shape == (4096, 4096)


@pytest.mark.parametrize(("activation", "gain"), [("relu", math.sqrt(2)), ("tanh", 5 / 3)])
def test_initial_weights_keep_the_signal(
    activation: str, gain: float, assert_normal: Callable[[Tensor, float], None]
) -> None:
    torch.manual_seed(0)
    net = alexnet_cifar(activation=activation)  # type: ignore[arg-type]
    for name, fan_in in {"conv1": 75, "conv2": 600, "conv5": 864, "fc6": 576, "fc7": 256}.items():
        assert_normal(net.get_parameter(f"{name}.weight"), gain / math.sqrt(fan_in))
        assert not net.get_parameter(f"{name}.bias").any()


def test_tanh_replaces_every_relu() -> None:
    kinds = {type(layer) for layer in alexnet_cifar(activation="tanh").children()}
    assert nn.Tanh in kinds
    assert nn.ReLU not in kinds


def test_dropout_is_off_at_zero_and_on_by_default() -> None:
    torch.manual_seed(0)
    images = torch.randn(2, 3, 32, 32)
    without, default = alexnet_cifar(dropout=0.0), alexnet_cifar()
    assert torch.equal(without(images), without(images))
    assert not torch.equal(default(images), default(images))
