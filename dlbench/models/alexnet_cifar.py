"""AlexNet's eight learned layers brought down to CIFAR's 32x32 pixels.

After Krizhevsky, Sutskever, Hinton: ImageNet Classification with Deep Convolutional Neural Networks, NIPS 2012. No
paper publishes this net, so no published figure belongs to it. It keeps what the paper argues for: five convolutions
and three fully connected layers, ReLU, response normalisation after conv1 and conv2, overlapping pooling, dropout in
fc6 and fc7. It changes
- conv1 to 5x5 at stride 1, since an 11x11 filter at stride 4 would leave 6x6 maps of a 32x32 image;
- the widths: a quarter of the paper's maps, 256 units instead of 4096, and one group, as one device holds it all;
- the initial weights: N(0, 0.01) shrinks the signal of so narrow a net from layer to layer until it hardly learns, so
  the weights are He et al.'s and the biases zero.

At the default width 450154 parameters and 20182016 multiply-adds an image.
"""

from collections import OrderedDict
from typing import Literal

from torch import nn

from dlbench.models.alexnet import LocalResponseNorm

Activation = Literal["relu", "tanh"]


def alexnet_cifar(
    *,
    classes: int = 10,
    dropout: float = 0.5,
    activation: Activation = "relu",
    width: float = 0.25,
    hidden: int = 256,
) -> nn.Module:
    """Build a small AlexNet for 32x32 colour images; the outputs are logits.

    `width` is the fraction of the paper's 96, 256, 384, 384 and 256 maps; `hidden` counts the units in fc6 and in fc7;
    `dropout` is the probability that one of these is dropped.
    """
    maps = [max(1, round(width * paper)) for paper in (96, 256, 384, 384, 256)]
    return AlexNetCifar(maps=maps, hidden=hidden, classes=classes, dropout=dropout, activation=activation)


class AlexNetCifar(nn.Sequential):
    """[n, 3, 32, 32] -> logits [n, classes]."""

    input_shape = (3, 32, 32)

    def __init__(self, *, maps: list[int], hidden: int, classes: int, dropout: float, activation: Activation) -> None:
        m1, m2, m3, m4, m5 = maps
        nonlinearity = {"relu": nn.ReLU, "tanh": nn.Tanh}[activation]
        super().__init__(
            OrderedDict(
                conv1=nn.Conv2d(3, m1, kernel_size=5, padding=2),
                conv1_activation=nonlinearity(),
                norm1=LocalResponseNorm(),
                pool1=nn.MaxPool2d(3, stride=2),  # 15x15
                conv2=nn.Conv2d(m1, m2, kernel_size=5, padding=2),
                conv2_activation=nonlinearity(),
                norm2=LocalResponseNorm(),
                pool2=nn.MaxPool2d(3, stride=2),  # 7x7
                conv3=nn.Conv2d(m2, m3, kernel_size=3, padding=1),
                conv3_activation=nonlinearity(),
                conv4=nn.Conv2d(m3, m4, kernel_size=3, padding=1),
                conv4_activation=nonlinearity(),
                conv5=nn.Conv2d(m4, m5, kernel_size=3, padding=1),
                conv5_activation=nonlinearity(),
                pool5=nn.MaxPool2d(3, stride=2),  # 3x3
                flatten=nn.Flatten(),
                fc6=nn.Linear(m5 * 3 * 3, hidden),
                fc6_activation=nonlinearity(),
                fc6_dropout=nn.Dropout(dropout),
                fc7=nn.Linear(hidden, hidden),
                fc7_activation=nonlinearity(),
                fc7_dropout=nn.Dropout(dropout),
                fc8=nn.Linear(hidden, classes),
            )
        )
        for layer in self.children():
            initialise(layer, activation=activation)


def initialise(layer: nn.Module, *, activation: Activation) -> None:
    """Draw weights from N(0, gain^2 / fan_in), gain^2 = 2 for ReLU (arXiv 1502.01852), 25/9 for tanh; biases zero."""
    if isinstance(layer, nn.Conv2d | nn.Linear):
        nn.init.kaiming_normal_(layer.weight, mode="fan_in", nonlinearity=activation)
        if layer.bias is not None:
            nn.init.zeros_(layer.bias)
