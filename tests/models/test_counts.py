"""Parameters and multiply-adds of every architecture against what its paper states or its layers imply."""

from collections.abc import Callable

import pytest
import torch
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from dlbench.models.alexnet import alexnet
from dlbench.models.alexnet_cifar import alexnet_cifar
from dlbench.models.cuda_convnet import cuda_convnet
from dlbench.models.hog_linear import hog_linear
from dlbench.models.lenet5 import lenet5
from dlbench.models.mlp import mlp
from dlbench.models.perceptron import perceptron
from dlbench.models.pixels_linear import pixels_linear
from dlbench.models.resnet import resnet

COUNTS: list[tuple[Callable[..., nn.Module], dict[str, object], int, int]] = [
    # He et al. 2015, Table 6: "0.27M, 0.46M, 0.66M, 0.85M, 1.7M" parameters; the digits follow from section 4.2.
    (resnet, {"depth": 20}, 269_722, 40_551_040),
    (resnet, {"depth": 32}, 464_154, 68_862_592),
    (resnet, {"depth": 44}, 658_586, 97_174_144),
    (resnet, {"depth": 56}, 853_018, 125_485_696),
    (resnet, {"depth": 110}, 1_727_962, 252_887_680),
    # Section 4.2: plain counterparts have "exactly the same depth, width, and number of parameters".
    (resnet, {"depth": 20, "shortcut": "none"}, 269_722, 40_551_040),
    (resnet, {"depth": 56, "shortcut": "none"}, 853_018, 125_485_696),
    (resnet, {"depth": 110, "shortcut": "none"}, 1_727_962, 252_887_680),
    # Option B adds 16*32 + 32*64 weights and two batch normalisations, at 16x16 and 8x8 pixels.
    (resnet, {"depth": 20, "shortcut": "B"}, 269_722 + 2_560 + 192, 40_551_040 + 16**2 * 512 + 8**2 * 2048),
    # LeCun et al. 1998 with a dense c3: 156 + 2416 + 48120 + 10164 + 850.
    (lenet5, {}, 61_706, 416_520),
    (lenet5, {"activation": "relu"}, 61_706, 416_520),
    # Krizhevsky et al. 2012: "60 million parameters".
    (alexnet, {}, 60_965_224, 724_406_816),
    (alexnet_cifar, {}, 450_154, 20_182_016),
    # layers-80sec.cfg: 2432 + 25632 + 51264 + 65600 + 650.
    (cuda_convnet, {}, 145_578, 12_354_176),
    # Rumelhart et al. 1986: XOR with two hidden units; LeCun et al. 1998: 784-300-10.
    (mlp, {"sizes": [2, 2, 1]}, 9, 6),
    (mlp, {"sizes": [784, 300, 10]}, 784 * 300 + 300 + 300 * 10 + 10, 784 * 300 + 300 * 10),
    (perceptron, {"inputs": 4}, 5, 4),
    (pixels_linear, {}, 30_730, 30_720),
    # 7x7 blocks of 2x2 cells with 9 orientations.
    (hog_linear, {}, 7 * 7 * 4 * 9 * 10 + 10, 7 * 7 * 4 * 9 * 10),
]


def build(model: Callable[..., nn.Module], arguments: dict[str, object]) -> nn.Module:
    """Without memory or arithmetic where the model allows; HOG needs pixels."""
    with torch.device("cpu" if model is hog_linear else "meta"):
        return model(**arguments).eval()


@pytest.mark.parametrize(("model", "arguments", "parameters", "multiply_adds"), COUNTS)
def test_counts(
    model: Callable[..., nn.Module], arguments: dict[str, object], parameters: int, multiply_adds: int
) -> None:
    net = build(model, arguments)
    assert sum(parameter.numel() for parameter in net.parameters()) == parameters

    image = torch.zeros(1, *net.input_shape, device=next(net.parameters()).device)  # type: ignore[misc]
    with FlopCounterMode(display=False) as counter:
        net(image)
    assert counter.get_total_flops() == 2 * multiply_adds  # a multiplication and an addition each


@pytest.mark.parametrize("model", [lenet5, alexnet, alexnet_cifar, cuda_convnet, pixels_linear, hog_linear])
def test_classes_set_the_number_of_outputs(model: Callable[..., nn.Module]) -> None:
    net = build(model, {"classes": 7})
    images = torch.zeros(2, *net.input_shape, device=next(net.parameters()).device)  # type: ignore[misc]
    assert net(images).shape == (2, 7)


@pytest.mark.slow  # torchvision takes seconds to load
def test_torchvisions_alexnet_is_a_later_net_without_groups() -> None:
    from torchvision.models import alexnet as later

    with torch.device("meta"):
        assert sum(parameter.numel() for parameter in later().parameters()) == 61_100_840
