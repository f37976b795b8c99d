"""What LeCun's nets of 1989 to 1998 are made of, besides plain convolutions.

LeCun et al.: Backpropagation Applied to Handwritten Zip Code Recognition, Neural Computation 1 (1989); LeCun et al.:
Handwritten Digit Recognition with a Back-Propagation Network, NIPS 2 (1990); LeCun, Bottou, Bengio, Haffner:
Gradient-Based Learning Applied to Document Recognition, Proc. IEEE 86 (1998).
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from dlbench.models.lenet5 import initialise_small_uniform


def small_uniform(*shape: int, fan_in: int) -> nn.Parameter:
    """Weights of this shape from U[-2.4 / fan_in, 2.4 / fan_in], as all three papers start."""
    bound = 2.4 / fan_in
    return nn.Parameter(torch.empty(shape).uniform_(-bound, bound))


class PartialConvolution(nn.Module):
    """A convolution each of whose maps sees only some of the maps before it: [n, in, h, w] -> [n, len(seen), h', w'].

    seen: for every map the maps it sees, counted from 0. Maps that see equally many are computed together, as one
    grouped convolution, so that no weight exists that the paper does not have, and no multiplication either.
    """

    order: Tensor

    def __init__(self, seen: Sequence[Sequence[int]], kernel_size: int, *, stride: int = 1, bias: bool = True) -> None:
        super().__init__()
        counts = sorted({len(maps) for maps in seen})
        members = [[index for index, maps in enumerate(seen) if len(maps) == count] for count in counts]
        self.convolutions = nn.ModuleList(
            nn.Conv2d(count * len(group), len(group), kernel_size, stride=stride, bias=bias, groups=len(group))
            for count, group in zip(counts, members, strict=True)
        )
        self.apply(initialise_small_uniform)
        for place, group in enumerate(members):
            inputs = torch.tensor([map_ for index in group for map_ in seen[index]])
            self.register_buffer(f"inputs{place}", inputs, persistent=False)
        order = torch.tensor([index for group in members for index in group]).argsort()
        self.register_buffer("order", order, persistent=False)

    def forward(self, maps: Tensor) -> Tensor:
        """Convolve each group with the maps it sees, and put the results in their order."""
        outputs = [
            convolution(maps.index_select(1, self.get_buffer(f"inputs{place}")))
            for place, convolution in enumerate(self.convolutions)
        ]
        return outputs[0] if len(outputs) == 1 else torch.cat(outputs, dim=1).index_select(1, self.order)


class Subsampling(nn.Module):
    """Halves each map: the sum of four neighbours times a trained gain, plus a trained bias, one of each a map.

    [n, maps, h, w] -> [n, maps, h/2, w/2]; a squashing function follows (1998, section II.B, layer S2).
    """

    def __init__(self, maps: int) -> None:
        super().__init__()
        self.gain = small_uniform(maps, 1, 1, fan_in=4)
        self.bias = small_uniform(maps, 1, 1, fan_in=4)

    def forward(self, maps: Tensor) -> Tensor:
        """Sum, amplify, shift."""
        return 4 * F.avg_pool2d(maps, 2) * self.gain + self.bias


class UnsharedBias(nn.Module):
    """A bias for every unit of a map, where the weights are shared: [n, *shape] -> the same (1989, section 3.2)."""

    def __init__(self, *shape: int, fan_in: int) -> None:
        super().__init__()
        self.bias = small_uniform(*shape, fan_in=fan_in)

    def forward(self, sums: Tensor) -> Tensor:
        """Add each unit's own bias."""
        return sums + self.bias


class ZeroToOne(nn.Module):
    """Reads -1 as 0 and 1 as 1, without a parameter.

    The papers want 1 of the right output and -1 of all others. Read like this they are 1 and 0, the distance between
    them and the squared error being the same but for factors of 2 and 4.
    """

    def forward(self, outputs: Tensor) -> Tensor:
        """Halve and shift."""
        return 0.5 * (outputs + 1)
