"""The digit net of 1990, with subsampling layers: a quarter of the parameters of the net of 1989.

LeCun, Boser, Denker, Henderson, Howard, Hubbard, Jackel: Handwritten Digit Recognition with a Back-Propagation Network,
NIPS 2 (1990).

| layer       |        h1 |       h2 |      h3 |      h4 | output |   all |
|-------------|-----------|----------|---------|---------|--------|-------|
| units       | 4 @ 24x24 | 4 @12x12 | 12 @8x8 | 12 @4x4 |     10 |  4635 |
| connections |     59904 |     2880 |   32768 |     960 |   1930 | 98442 |
| parameters  |       104 |        8 |     512 |      24 |   1930 |  2578 |

Units count the 784 inputs and one unit that is always on, for the biases. 91520 multiply-adds an image, not counting
the gains of h2 and h4. Of the 48 possible links between maps of h2 and maps of h3 there are 20.
"""

from __future__ import annotations

from collections import OrderedDict

from torch import nn

from dlbench.models.lecun_layers import PartialConvolution, Subsampling, ZeroToOne
from dlbench.models.lenet5 import ScaledTanh, initialise_small_uniform

BACKGROUND = -1.0
SEEN = ((0,), (0, 1), (0, 1), (1,), (0, 1), (0, 1), (2,), (2, 3), (2, 3), (3,), (2, 3), (2, 3))
"""Which maps of h2 each map of h3 sees (Table 1)."""


def lecun_1990() -> nn.Module:
    """Build the net for 16x16 images, background -1 and ink 1; the outputs are near 1 for the class, near 0 for others.

    Weights and biases start from U[-2.4 / fan_in, 2.4 / fan_in]; the squashing function is 1.7159 tanh(2x/3).
    """
    return LeCun1990()


class LeCun1990(nn.Sequential):
    """[n, 1, 16, 16] -> [n, 10]; the digit stands in the middle of 28x28 pixels, so that no edge of it is cut off."""

    input_shape = (1, 16, 16)

    def __init__(self) -> None:
        super().__init__(
            OrderedDict(
                edge=nn.ConstantPad2d(6, BACKGROUND),
                h1=nn.Conv2d(1, 4, kernel_size=5).apply(initialise_small_uniform),
                h1_activation=ScaledTanh(),
                h2=Subsampling(4),
                h2_activation=ScaledTanh(),
                h3=PartialConvolution(SEEN, kernel_size=5),
                h3_activation=ScaledTanh(),
                h4=Subsampling(12),
                h4_activation=ScaledTanh(),
                flatten=nn.Flatten(),
                output=nn.Linear(192, 10).apply(initialise_small_uniform),
                output_activation=ScaledTanh(),
                zero_to_one=ZeroToOne(),
            )
        )
