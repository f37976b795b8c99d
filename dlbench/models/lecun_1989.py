"""The first convolutional net trained by backpropagation on real handwriting, and its fully connected control.

LeCun, Boser, Denker, Henderson, Howard, Hubbard, Jackel: Backpropagation Applied to Handwritten Zip Code Recognition,
Neural Computation 1 (1989), section 3.

| layer       |      h1 |      h2 |   h3 | output |   all |
|-------------|---------|---------|------|--------|-------|
| units       | 12 @8x8 | 12 @4x4 |   30 |     10 |  1256 |
| connections |   19968 |   38592 | 5790 |    310 | 64660 |
| parameters  |    1068 |    2592 | 5790 |    310 |  9760 |

Units count the 256 inputs; connections count one bias a unit. 63660 multiply-adds an image. The control of the same
paper, 256-40-10, has 10690 parameters. Not in the paper, and chosen here as others have done: which eight maps of h1
each map of h2 sees, a scheme that it does not describe; by this one every map of h1 is seen by eight of h2.
"""

from __future__ import annotations

from collections import OrderedDict
from typing import Literal

from torch import nn

from dlbench.models.lecun_layers import PartialConvolution, UnsharedBias, ZeroToOne
from dlbench.models.lenet5 import ScaledTanh, initialise_small_uniform

BACKGROUND = -1.0
SEEN = (
    *[(0, 1, 2, 3, 4, 5, 6, 7)] * 4,
    *[(4, 5, 6, 7, 8, 9, 10, 11)] * 4,
    *[(0, 1, 2, 3, 8, 9, 10, 11)] * 4,
)
"""Which maps of h1 each map of h2 sees."""


def lecun_1989(*, connections: Literal["local", "full"] = "local") -> nn.Module:
    """Build the net for 16x16 images, background -1 and ink 1; the outputs are near 1 for the class, near 0 for others.

    connections: `full` is the control, 40 hidden units that see all pixels. Weights and biases start from
    U[-2.4 / fan_in, 2.4 / fan_in]; the squashing function is 1.7159 tanh(2x/3), of the outputs too.
    """
    return LeCun1989() if connections == "local" else FullyConnected()


class LeCun1989(nn.Sequential):
    """[n, 1, 16, 16] -> [n, 10]; what a 5x5 neighbourhood sees beyond the edge is background, -1."""

    input_shape = (1, 16, 16)

    def __init__(self) -> None:
        super().__init__(
            OrderedDict(
                h1_edge=nn.ConstantPad2d((2, 1, 2, 1), BACKGROUND),
                h1=nn.Conv2d(1, 12, kernel_size=5, stride=2, bias=False).apply(initialise_small_uniform),
                h1_bias=UnsharedBias(12, 8, 8, fan_in=25),
                h1_activation=ScaledTanh(),
                h2_edge=nn.ConstantPad2d((2, 1, 2, 1), BACKGROUND),
                h2=PartialConvolution(SEEN, kernel_size=5, stride=2, bias=False),
                h2_bias=UnsharedBias(12, 4, 4, fan_in=200),
                h2_activation=ScaledTanh(),
                flatten=nn.Flatten(),
                h3=nn.Linear(192, 30).apply(initialise_small_uniform),
                h3_activation=ScaledTanh(),
                output=nn.Linear(30, 10).apply(initialise_small_uniform),
                output_activation=ScaledTanh(),
                zero_to_one=ZeroToOne(),
            )
        )


class FullyConnected(nn.Sequential):
    """[n, 1, 16, 16] -> [n, 10]."""

    input_shape = (1, 16, 16)

    def __init__(self) -> None:
        super().__init__(
            OrderedDict(
                flatten=nn.Flatten(),
                hidden=nn.Linear(256, 40),
                hidden_activation=ScaledTanh(),
                output=nn.Linear(40, 10),
                output_activation=ScaledTanh(),
                zero_to_one=ZeroToOne(),
            )
        )
        self.apply(initialise_small_uniform)
