"""LeNet-5 as it was in 1998: 60,000 trained parameters.

LeCun, Bottou, Bengio, Haffner: Gradient-Based Learning Applied to Document Recognition, Proc. IEEE 86 (1998), section
II.B, Table I and equation 9.

| layer       |     c1 |   s2 |     c3 |   s4 |    c5 |    f6 | output |    all |
|-------------|--------|------|--------|------|-------|-------|--------|--------|
| connections | 122304 | 5880 | 151600 | 2000 | 48120 | 10164 |    840 | 340908 |
| parameters  |    156 |   12 |   1516 |   32 | 48120 | 10164 |      0 |  60000 |

The outputs are distances from f6 to a code of 84 signs for each class, which is not trained. The paper draws its codes
by hand, as pictures of the characters on 7x12 pixels, and says that they might have been drawn at random, as these are.
`lenet5` is the same net as it is built today.
"""

from __future__ import annotations

from collections import OrderedDict

import torch
from torch import Tensor, nn

from dlbench.models.lecun_layers import PartialConvolution, Subsampling
from dlbench.models.lenet5 import ScaledTanh, initialise_small_uniform

SEEN = (
    *[tuple((first + step) % 6 for step in (0, 1, 2)) for first in range(6)],
    *[tuple((first + step) % 6 for step in (0, 1, 2, 3)) for first in range(6)],
    *[tuple((first + step) % 6 for step in (0, 1, 3, 4)) for first in range(3)],
    (0, 1, 2, 3, 4, 5),
)
"""Which maps of s2 each map of c3 sees (Table I)."""


def lenet5_1998(*, classes: int = 10) -> nn.Module:
    """Build LeNet-5 for one-channel 32x32 images, background -0.1 and ink 1.175; the outputs are class scores.

    Weights and biases start from U[-2.4 / fan_in, 2.4 / fan_in] (appendix A).
    """
    return LeNet51998(classes)


class LeNet51998(nn.Sequential):
    """[n, 1, 32, 32] -> scores [n, classes]; the layers carry the paper's names."""

    input_shape = (1, 32, 32)

    def __init__(self, classes: int) -> None:
        super().__init__(
            OrderedDict(
                c1=nn.Conv2d(1, 6, kernel_size=5).apply(initialise_small_uniform),  # 6 @ 28x28
                c1_activation=ScaledTanh(),
                s2=Subsampling(6),  # 6 @ 14x14
                s2_activation=ScaledTanh(),
                c3=PartialConvolution(SEEN, kernel_size=5),  # 16 @ 10x10
                c3_activation=ScaledTanh(),
                s4=Subsampling(16),  # 16 @ 5x5
                s4_activation=ScaledTanh(),
                c5=nn.Conv2d(16, 120, kernel_size=5).apply(initialise_small_uniform),  # 120 @ 1x1
                c5_activation=ScaledTanh(),
                flatten=nn.Flatten(),
                f6=nn.Linear(120, 84).apply(initialise_small_uniform),
                f6_activation=ScaledTanh(),
                output=CodeDistance(84, classes),
            )
        )


class CodeDistance(nn.Module):
    """Minus half the squared distance of [n, inputs] from each class's code of signs: [n, classes].

    As class scores under cross-entropy this is equation 9, the paper's discriminative criterion, without its constant
    for images that are no character at all.
    """

    codes: Tensor

    def __init__(self, inputs: int, classes: int) -> None:
        super().__init__()
        self.register_buffer("codes", torch.randint(2, (classes, inputs)).float() * 2 - 1)

    def forward(self, inputs: Tensor) -> Tensor:
        """Expand the square, so that the codes meet the inputs in one matrix product."""
        lengths = inputs.square().sum(1, keepdim=True) + self.codes.square().sum(1)
        return inputs @ self.codes.T - 0.5 * lengths
