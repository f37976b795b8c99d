"""Three convolutions and a softmax for CIFAR-10: a net of four learned layers to compare activations on.

Krizhevsky, Sutskever, Hinton: ImageNet Classification with Deep Convolutional Neural Networks, NIPS 2012, Figure 1,
compares ReLU with tanh on "a four-layer convolutional neural network" and does not say more of it. This is the one of
four layers that its author published for the same data: cuda-convnet, example-layers/layers-18pct.cfg (mirrored at
github.com/dnouri/cuda-convnet), less its response normalisation, which has no parameters.

| layer      | conv1 | conv2 | conv3 |  fc10 |   all |
|------------|-------|-------|-------|-------|-------|
| parameters |  2432 | 25632 | 51264 | 10250 | 89578 |

12298240 multiply-adds an image. cuda-convnet pools what is left at the right and lower edge; hence ceil mode: 32 -> 16
-> 8 -> 4.
"""

from collections import OrderedDict
from typing import Literal

from torch import nn

INITIAL_STD = {"conv1": 1e-4, "conv2": 0.01, "conv3": 0.01, "fc10": 0.01}

Activation = Literal["relu", "tanh"]
Initial = Literal["file", "fan_in"]
NONLINEARITY: dict[Activation, type[nn.Module]] = {"relu": nn.ReLU, "tanh": nn.Tanh}


def four_layer_convnet(
    *, classes: int = 10, activation: Activation = "relu", initial: Initial = "file", width: float = 1.0
) -> nn.Module:
    """Build the net for 32x32 colour images; the outputs are logits.

    `initial`: weights from N(0, initW^2) with the layer file's initW, which expect pixels from 0 to 255 less their
    mean; or from N(0, gain^2 / fan_in), gain^2 = 2 for ReLU and 25/9 for tanh, which keep a signal of unit variance.
    Biases are zero. `width` is the fraction of the file's 32, 32 and 64 maps.
    """
    maps = [max(1, round(width * full)) for full in (32, 32, 64)]
    net = FourLayerConvnet(maps=maps, classes=classes, activation=activation)
    for name, file_std in INITIAL_STD.items():
        layer = net.get_submodule(name)
        weight = layer.get_parameter("weight")
        scaled = nn.init.calculate_gain(activation) / weight[0].numel() ** 0.5
        nn.init.normal_(weight, std=file_std if initial == "file" else scaled)
        nn.init.zeros_(layer.get_parameter("bias"))
    return net


class FourLayerConvnet(nn.Sequential):
    """[n, 3, 32, 32] -> logits [n, classes]; the layers carry the names of the layer file."""

    input_shape = (3, 32, 32)

    def __init__(self, *, maps: list[int], classes: int, activation: Activation) -> None:
        m1, m2, m3 = maps
        nonlinearity = NONLINEARITY[activation]
        super().__init__(
            OrderedDict(
                conv1=nn.Conv2d(3, m1, kernel_size=5, padding=2),
                pool1=nn.MaxPool2d(3, stride=2, ceil_mode=True),  # 32 @ 16x16
                pool1_activation=nonlinearity(),
                conv2=nn.Conv2d(m1, m2, kernel_size=5, padding=2),
                conv2_activation=nonlinearity(),
                pool2=nn.AvgPool2d(3, stride=2, ceil_mode=True),  # 32 @ 8x8
                conv3=nn.Conv2d(m2, m3, kernel_size=5, padding=2),
                conv3_activation=nonlinearity(),
                pool3=nn.AvgPool2d(3, stride=2, ceil_mode=True),  # 64 @ 4x4
                flatten=nn.Flatten(),
                fc10=nn.Linear(m3 * 4 * 4, classes),
            )
        )
