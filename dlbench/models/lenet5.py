"""LeNet-5, the convolutional net for handwritten digits, as it is usually built today.

LeCun, Bottou, Bengio, Haffner: Gradient-Based Learning Applied to Document Recognition, Proc. IEEE 86 (1998), section
II.B and appendix A.

| layer      |  c1 |   c3 |    c5 |    f6 | output |   all |
|------------|-----|------|-------|-------|--------|-------|
| parameters | 156 | 2416 | 48120 | 10164 |    850 | 61706 |

416520 multiply-adds an image. Three things differ from the net of 1998 and its 60000 trainable parameters:
- every map of c3 sees all six maps before it (there 15 of the 16 saw three or four: 1516 parameters);
- s2 and s4 only average (there a trained gain and bias, 12 and 32 parameters, and a squashing function followed);
- the output is ten linear units for a softmax (there the distance from f6 to fixed 7x12 pictures of the characters).
"""

from collections import OrderedDict
from typing import Literal

import torch
from torch import Tensor, nn


def lenet5(*, classes: int = 10, activation: Literal["tanh", "relu"] = "tanh") -> nn.Module:
    """Build LeNet-5 with a dense c3 for one-channel 32x32 images; the outputs are logits.

    `activation`: tanh is the paper's scaled one, with the paper's initial weights; relu starts from He et al.'s weights
    instead, since under the paper's small ones its signal dies out and it does not begin to learn.
    """
    if activation == "tanh":
        return LeNet5(classes=classes, activation=ScaledTanh).apply(initialise_small_uniform)
    return LeNet5(classes=classes, activation=nn.ReLU).apply(initialise_he_normal)


class LeNet5(nn.Sequential):
    """[n, 1, 32, 32] -> logits [n, classes]; the layers carry the paper's names."""

    input_shape = (1, 32, 32)

    def __init__(self, *, classes: int, activation: type[nn.Module]) -> None:
        super().__init__(
            OrderedDict(
                c1=nn.Conv2d(1, 6, kernel_size=5),  # 6 @ 28x28
                c1_activation=activation(),
                s2=nn.AvgPool2d(2),  # 6 @ 14x14
                c3=nn.Conv2d(6, 16, kernel_size=5),  # 16 @ 10x10
                c3_activation=activation(),
                s4=nn.AvgPool2d(2),  # 16 @ 5x5
                c5=nn.Conv2d(16, 120, kernel_size=5),  # 120 @ 1x1
                c5_activation=activation(),
                flatten=nn.Flatten(),
                f6=nn.Linear(120, 84),
                f6_activation=activation(),
                output=nn.Linear(84, classes),
            )
        )


class ScaledTanh(nn.Module):
    """1.7159 tanh(2x/3): passes through (1, 1) and (-1, -1), where its curvature is largest (1998, appendix A)."""

    def forward(self, x: Tensor) -> Tensor:
        """Apply the function to each element."""
        return 1.7159 * torch.tanh(2 / 3 * x)


def initialise_small_uniform(layer: nn.Module) -> None:
    """Draw weights and biases from U[-2.4 / fan_in, 2.4 / fan_in] (1998, appendix A)."""
    if isinstance(layer, nn.Conv2d | nn.Linear):
        bound = 2.4 / layer.weight[0].numel()
        nn.init.uniform_(layer.weight, -bound, bound)
        if layer.bias is not None:
            nn.init.uniform_(layer.bias, -bound, bound)


def initialise_he_normal(layer: nn.Module) -> None:
    """Draw weights from N(0, 2 / fan_in), biases zero (He et al. 2015, arXiv 1502.01852, equation 10)."""
    if isinstance(layer, nn.Conv2d | nn.Linear):
        nn.init.kaiming_normal_(layer.weight, mode="fan_in", nonlinearity="relu")
        if layer.bias is not None:
            nn.init.zeros_(layer.bias)
