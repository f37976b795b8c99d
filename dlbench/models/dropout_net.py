"""The fully connected nets that showed dropout on MNIST.

Srivastava, Hinton, Krizhevsky, Sutskever, Salakhutdinov: Dropout: A Simple Way to Prevent Neural Networks from
Overfitting, JMLR 15 (2014), sections 4 and 6.1.1: three hidden layers of 1024 rectified linear units.

| layer      | hidden1 | hidden2 | hidden3 | output |     all |
|------------|---------|---------|---------|--------|---------|
| parameters |  803840 | 1049600 | 1049600 |  10250 | 2913290 |

For each example in training, a layer sees the layer below it through a mask of its own (section 4):

    r ~ Bernoulli(p)        which units are retained
    z = W (r * y) + b       what is dropped sends nothing
    z = (pW) y + b          the test: all units are there, with weights scaled down

The paper's p is the share that is RETAINED, 0.8 of the inputs and 0.5 of the hidden units; today's libraries name the
share that is dropped, and scale up by 1/p in training where the paper scales down by p in the test. The outputs are the
same, the weights are not: the paper's bound on their norm holds for weights that are not scaled.
"""

from collections import OrderedDict
from itertools import pairwise

from torch import Tensor, nn


def dropout_net(
    *,
    retain_inputs: float = 0.8,
    retain_hidden: float = 0.5,
    units: int = 1024,
    layers: int = 3,
) -> nn.Module:
    """Build `layers` hidden layers of so many rectified `units`, with dropout; the outputs are logits.

    retain_inputs, retain_hidden: the paper's p, in (0, 1]; 1 is a net without dropout. Raises ValueError outside.
    Weights start from N(0, 2 / fan_in), biases from zero (He et al. 2015); the paper does not say.
    """
    sizes = (784, *[units] * layers, 10)
    return DropoutNet(sizes=sizes, retained=(retain_inputs, *[retain_hidden] * layers)).apply(_initialise)


class DropoutNet(nn.Sequential):
    """[n, 1, 28, 28] -> logits [n, 10]; retained[i] is p of the units in layer i."""

    def __init__(self, *, sizes: tuple[int, ...], retained: tuple[float, ...]) -> None:
        layers: OrderedDict[str, nn.Module] = OrderedDict(flatten=nn.Flatten(), inputs_dropout=Dropout(retained[0]))
        for i, (inputs, units) in enumerate(pairwise(sizes[:-1]), start=1):
            layers[f"hidden{i}"] = nn.Linear(inputs, units)
            layers[f"hidden{i}_activation"] = nn.ReLU()
            layers[f"hidden{i}_dropout"] = Dropout(retained[i])
        layers["output"] = nn.Linear(sizes[-2], sizes[-1])
        super().__init__(layers)
        self.input_shape = (1, 28, 28)


class Dropout(nn.Dropout):
    """r * y in training, p * y in a test, which does to the layer above what scaling its weights by p does."""

    def __init__(self, retain: float) -> None:
        if not 0 < retain <= 1:
            raise ValueError(f"retain {retain}: the share of units that is kept is above 0 and at most 1")
        super().__init__(p=1.0 - retain)
        self.retain = retain

    def forward(self, y: Tensor) -> Tensor:
        """Any shape; torch's own dropout gives r * y / p in training and y in a test."""
        return y if self.retain == 1 else self.retain * super().forward(y)


def _initialise(layer: nn.Module) -> None:
    if isinstance(layer, nn.Linear):
        nn.init.kaiming_normal_(layer.weight, nonlinearity="relu")
        nn.init.zeros_(layer.bias)
