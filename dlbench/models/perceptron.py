"""Rosenblatt's unit: a weighted sum against a threshold.

Rosenblatt: The Perceptron: A Probabilistic Model for Information Storage and Organization in the Brain, 1958. The
threshold is learned as one more weight, on a constant input: the bias, which is minus the threshold.
"""

from torch import Tensor, nn


def perceptron(*, inputs: int) -> nn.Module:
    """Build one unit with `inputs` weights and a bias, all zero."""
    return Perceptron(inputs)


class Perceptron(nn.Linear):
    """The weighted sum itself: a sum >= 0 is class 1, below is class 0."""

    def __init__(self, inputs: int) -> None:
        super().__init__(inputs, 1)
        self.input_shape = (inputs,)
        nn.init.zeros_(self.weight)
        nn.init.zeros_(self.bias)

    def forward(self, examples: Tensor) -> Tensor:
        """[n, ...] with `inputs` values an example -> weighted sums [n, 1]."""
        return super().forward(examples.flatten(start_dim=1))
