"""The net of layers-18pct.cfg without normalisation: its size, its weights, its two activations."""

from collections.abc import Callable
from typing import Literal

import pytest
import torch
from torch import Tensor, nn
from torch.utils.flop_counter import FlopCounterMode

from dlbench.models.four_layer_convnet import four_layer_convnet


def test_counts() -> None:
    """layers-18pct.cfg: 2432 + 25632 + 51264 + 10250 parameters; convolutions at 32x32, 16x16 and 8x8 pixels."""
    with torch.device("meta"), FlopCounterMode(display=False) as counter:
        net = four_layer_convnet()
        net(torch.zeros(1, 3, 32, 32))
    layers = {name: sum(p.numel() for p in layer.parameters()) for name, layer in net.named_children()}
    assert {name: count for name, count in layers.items() if count} == {
        "conv1": 2432, "conv2": 25632, "conv3": 51264, "fc10": 10250,
    }  # fmt: skip
    assert sum(layers.values()) == 89_578
    by_hand = 32 * 32 * 75 * 32 + 16 * 16 * 800 * 32 + 8 * 8 * 800 * 64 + 1024 * 10
    assert counter.get_total_flops() / 2 == by_hand == 12_298_240


def test_shapes(output_shapes: Callable[[nn.Module], dict[str, tuple[int, ...]]]) -> None:
    shapes = output_shapes(four_layer_convnet(classes=7))
    assert [shapes[name] for name in ("pool1", "pool2", "pool3", "fc10")] == [
        (32, 16, 16), (32, 8, 8), (64, 4, 4), (7,),
    ]  # fmt: skip


def test_tanh_replaces_every_relu() -> None:
    kinds = [type(layer) for layer in four_layer_convnet(activation="tanh").children()]
    assert kinds.count(nn.Tanh) == 3
    assert nn.ReLU not in kinds


@pytest.mark.parametrize(("activation", "squared_gain"), [("relu", 2.0), ("tanh", 25 / 9)])
def test_first_weights(
    activation: Literal["relu", "tanh"], squared_gain: float, assert_normal: Callable[[Tensor, float], None]
) -> None:
    torch.manual_seed(0)
    file, scaled = (four_layer_convnet(activation=activation, initial=initial) for initial in ("file", "fan_in"))
    for name, std, fan_in in (("conv1", 1e-4, 75), ("conv2", 0.01, 800), ("conv3", 0.01, 800), ("fc10", 0.01, 1024)):
        assert_normal(file.get_parameter(f"{name}.weight"), std)
        assert_normal(scaled.get_parameter(f"{name}.weight"), (squared_gain / fan_in) ** 0.5)
        assert not file.get_parameter(f"{name}.bias").any()


def test_width_scales_the_maps() -> None:
    net = four_layer_convnet(width=0.5)
    assert [layer.out_channels for layer in net.children() if isinstance(layer, nn.Conv2d)] == [16, 16, 32]
