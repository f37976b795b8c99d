"""The net on which batch normalisation was first shown to speed up learning.

Ioffe, Szegedy: Batch Normalization: Accelerating Deep Network Training by Reducing Internal Covariate Shift, 2015,
section 4.1: a binary image, three fully connected hidden layers of 100 sigmoid units, ten outputs.

| layer      | hidden1 | hidden2 | hidden3 | output |   all |
|------------|---------|---------|---------|--------|-------|
| parameters |   78500 |   10100 |   10100 |   1010 | 99710 |
| with norms |   78700 |   10300 |   10300 |   1010 | 100310 |

Batch normalisation adds a gain and a shift to each hidden unit, 600 numbers. The bias before it then does nothing, the
mean takes it away again (section 3.2); it stays, so that the two nets differ in the normalisation alone.
"""

from collections import OrderedDict
from itertools import pairwise

from torch import nn

SIZES = (784, 100, 100, 100, 10)


def batchnorm_net(*, batch_norm: bool, init_sd: float) -> nn.Module:
    """Build the net with or without batch normalisation; the outputs are logits.

    Weights start from N(0, init_sd^2), biases from zero: "small random Gaussian values", whose size the paper does not
    give. A normalised unit starts with gain 1 and shift 0.
    """
    return BatchnormNet(batch_norm=batch_norm, init_sd=init_sd)


class BatchnormNet(nn.Sequential):
    """[n, 1, 28, 28] -> logits [n, 10].

    A hidden layer is g(BN(Wu + b)), or g(Wu + b) without: the normalisation comes before the sigmoid g (section 3.2).
    In eval mode it uses moving averages of mean and variance, which take a tenth of each batch's (section 3.1).
    """

    def __init__(self, *, batch_norm: bool, init_sd: float) -> None:
        layers: OrderedDict[str, nn.Module] = OrderedDict(flatten=nn.Flatten())
        for i, (inputs, units) in enumerate(pairwise(SIZES[:-1]), start=1):
            layers[f"hidden{i}"] = gaussian_layer(inputs, units, init_sd)
            if batch_norm:
                layers[f"hidden{i}_norm"] = nn.BatchNorm1d(units, momentum=0.1)
            layers[f"hidden{i}_activation"] = nn.Sigmoid()
        layers["output"] = gaussian_layer(*SIZES[-2:], init_sd)
        super().__init__(layers)
        self.input_shape = (1, 28, 28)


def gaussian_layer(inputs: int, units: int, init_sd: float) -> nn.Linear:
    """Return a fully connected layer with weights from N(0, init_sd^2) and biases of zero."""
    layer = nn.Linear(inputs, units)
    nn.init.normal_(layer.weight, 0.0, init_sd)
    nn.init.zeros_(layer.bias)
    return layer
