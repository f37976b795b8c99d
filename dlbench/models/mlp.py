"""Fully connected nets, from XOR's 2-2-1 to the digit classifiers of 1998.

Rumelhart, Hinton, Williams: Learning Internal Representations by Error Propagation, in: Parallel Distributed
Processing, 1986.
"""

from collections import OrderedDict
from collections.abc import Sequence
from itertools import pairwise
from typing import Literal

from torch import Tensor, nn


class Cube(nn.Module):
    """x^3: a polynomial, from which one hidden layer makes no more than polynomials (Leshno et al. 1993)."""

    def forward(self, x: Tensor) -> Tensor:
        """Apply the function to each element."""
        return x**3


ACTIVATIONS = {"logistic": nn.Sigmoid, "tanh": nn.Tanh, "relu": nn.ReLU, "cubic": Cube}


def mlp(
    *,
    sizes: Sequence[int],
    activation: Literal["logistic", "tanh", "relu", "cubic"] = "logistic",
    output: Literal["linear", "logistic"] = "linear",
    init_range: float = 0.5,
) -> nn.Module:
    """Connect layers of `sizes` units, inputs first and outputs last: [2, 2, 1] has 9 parameters.

    `activation` works in the hidden layers, `output` on the last one. Weights and biases start from U[-init_range,
    init_range]. Raises ValueError for fewer than two sizes.
    """
    if len(sizes) < 2:
        raise ValueError(f"sizes {list(sizes)}: name at least the inputs and the outputs, such as [2, 1]")
    model = MLP(sizes=sizes, activation=ACTIVATIONS[activation], logistic_output=output == "logistic")
    for parameter in model.parameters():
        nn.init.uniform_(parameter, -init_range, init_range)
    return model


class MLP(nn.Sequential):
    """[n, ...] with sizes[0] values an example -> [n, sizes[-1]]; the layers are hidden1, hidden2, ... and output."""

    def __init__(self, *, sizes: Sequence[int], activation: type[nn.Module], logistic_output: bool) -> None:
        layers: OrderedDict[str, nn.Module] = OrderedDict(flatten=nn.Flatten())
        for i, (inputs, units) in enumerate(pairwise(sizes[:-1]), start=1):
            layers[f"hidden{i}"] = nn.Linear(inputs, units)
            layers[f"hidden{i}_activation"] = activation()
        layers["output"] = nn.Linear(sizes[-2], sizes[-1])
        if logistic_output:
            layers["output_activation"] = nn.Sigmoid()
        super().__init__(layers)
        self.input_shape = (sizes[0],)
