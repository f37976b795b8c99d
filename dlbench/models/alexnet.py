"""AlexNet, the net that won ILSVRC 2012, in its original form for two GPUs.

Krizhevsky, Sutskever, Hinton: ImageNet Classification with Deep Convolutional Neural Networks, NIPS 2012, sections 3-5.

60965224 parameters and 724406816 multiply-adds an image. Grouped convolutions stand for the two GPUs: conv2, conv4 and
conv5 see only the maps of their own GPU. torchvision's alexnet is a later net without groups and without normalisation:
61100840 parameters.

The paper's text says 224x224 pixels, but 11x11 filters at stride 4 do not fit 224: (224 - 11) / 4 + 1 = 54.25. The
55x55 maps that the later layers need follow from 227.
"""

from collections import OrderedDict

import torch
import torch.nn.functional as F
from torch import Tensor, nn


def alexnet(*, classes: int = 1000) -> nn.Module:
    """Build the grouped net of 2012 for 227x227 colour images; the outputs are logits."""
    return AlexNet(classes=classes)


class AlexNet(nn.Sequential):
    """[n, 3, 227, 227] -> logits [n, classes]."""

    input_shape = (3, 227, 227)

    def __init__(self, *, classes: int) -> None:
        super().__init__(
            OrderedDict(
                conv1=nn.Conv2d(3, 96, kernel_size=11, stride=4),  # 96 @ 55x55
                conv1_relu=nn.ReLU(),
                norm1=LocalResponseNorm(),
                pool1=nn.MaxPool2d(3, stride=2),  # 96 @ 27x27
                conv2=nn.Conv2d(96, 256, kernel_size=5, padding=2, groups=2),
                conv2_relu=nn.ReLU(),
                norm2=LocalResponseNorm(),
                pool2=nn.MaxPool2d(3, stride=2),  # 256 @ 13x13
                conv3=nn.Conv2d(256, 384, kernel_size=3, padding=1),
                conv3_relu=nn.ReLU(),
                conv4=nn.Conv2d(384, 384, kernel_size=3, padding=1, groups=2),
                conv4_relu=nn.ReLU(),
                conv5=nn.Conv2d(384, 256, kernel_size=3, padding=1, groups=2),
                conv5_relu=nn.ReLU(),
                pool5=nn.MaxPool2d(3, stride=2),  # 256 @ 6x6
                flatten=nn.Flatten(),
                fc6=nn.Linear(256 * 6 * 6, 4096),
                fc6_relu=nn.ReLU(),
                fc6_dropout=nn.Dropout(0.5),
                fc7=nn.Linear(4096, 4096),
                fc7_relu=nn.ReLU(),
                fc7_dropout=nn.Dropout(0.5),
                fc8=nn.Linear(4096, classes),
            )
        )
        for name, layer in self.named_children():
            initialise(layer, bias=1.0 if name in {"conv2", "conv4", "conv5", "fc6", "fc7"} else 0.0)


class LocalResponseNorm(nn.Module):
    """Divide each activation by what its neighbours in the channels do: a / (2 + 1e-4 sum a^2)^0.75 (section 3.3).

    The sum runs over five adjacent maps, fewer at the edges. torch's LocalResponseNorm(5, alpha=5e-4, beta=0.75, k=2)
    says the same, as it divides alpha by the five, but takes twice as long on a CPU: too much for a small net.
    """

    k, n, alpha, beta = 2.0, 5, 1e-4, 0.75

    def forward(self, x: Tensor) -> Tensor:
        """[n, c, h, w] -> [n, c, h, w]."""
        channels = x.shape[1]
        squares = F.pad(x.square(), (0, 0, 0, 0, self.n // 2, self.n // 2))
        energy = torch.zeros_like(x)
        for i in range(self.n):
            energy = energy + squares[:, i : i + channels]
        return x * (self.k + self.alpha * energy).pow(-self.beta)


def initialise(layer: nn.Module, *, bias: float) -> None:
    """Draw weights from N(0, 0.01) and set the biases; ones give the ReLUs positive inputs early on (section 5)."""
    if isinstance(layer, nn.Conv2d | nn.Linear):
        nn.init.normal_(layer.weight, std=0.01)
        if layer.bias is not None:
            nn.init.constant_(layer.bias, bias)
