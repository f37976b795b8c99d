"""A support vector machine: what it has learnt are examples, and how much each of them counts.

Cortes and Vapnik: Support-Vector Networks, Machine Learning 20 (1995). For two classes it says sign(sum_i a_i K(x_i, x)
+ b), where only the support vectors x_i have a weight a_i that is not zero. Of several classes every pair has a machine
of its own, and the class that wins most of its pairs is the answer; the paper has each class against the rest.

| kernel     | K(x, z)                  |
|------------|--------------------------|
| linear     | x.z                      |
| polynomial | (gamma x.z + 1)^degree   |
| rbf        | exp(-gamma abs(x - z)^2) |

Examples are first divided by their root mean square length in training, so that the price of a violated margin, degree
and gamma mean the same at every size of image. No kernel knows which pixels are neighbours.
"""

from __future__ import annotations

import itertools
from typing import Literal, TypeAlias

import torch
from torch import Tensor, nn

from dlbench.errors import InputError

Kernel: TypeAlias = Literal["linear", "polynomial", "rbf"]


def support_vectors(
    *, kernel: Kernel, degree: int = 3, gamma: float = 1.0, inputs: int = 784, classes: int = 10
) -> nn.Module:
    """Build a machine without support vectors, to be fitted by `svm`.

    degree: of the polynomial kernel. gamma: of both kernels that are not linear. Raises InputError unless both are
    positive.
    """
    if min(degree, gamma) <= 0:
        raise InputError("support_vectors: degree and gamma must be positive")
    return SupportVectors(kernel=kernel, degree=degree, gamma=gamma, inputs=inputs, classes=classes)


class SupportVectors(nn.Module):
    """[n, ...] with `inputs` values an example -> class scores [n, classes]: pairs won, ties broken by the margins.

    vectors [s, inputs], weights [pairs, s], biases [pairs] and length, the root mean square of the examples, belong to
    whoever trains the model. Pairs are (0, 1), (0, 2), ... (1, 2), ...; a positive margin is the first one's. All of
    them are buffers, none is a trainable parameter, and before it is fitted there are no vectors.
    """

    vectors: Tensor
    weights: Tensor
    biases: Tensor
    length: Tensor

    def __init__(self, *, kernel: Kernel, degree: int, gamma: float, inputs: int, classes: int) -> None:
        super().__init__()
        self.kernel, self.degree, self.gamma = kernel, degree, gamma
        self.input_shape = (inputs,)
        self.pairs = list(itertools.combinations(range(classes), 2))
        self.classes = classes
        self.register_buffer("vectors", torch.empty(0, inputs))
        self.register_buffer("weights", torch.empty(len(self.pairs), 0))
        self.register_buffer("biases", torch.zeros(len(self.pairs)))
        self.register_buffer("length", torch.ones(()))

    def forward(self, examples: Tensor) -> Tensor:
        """Votes in whole numbers, and in the fractions what the margins say."""
        margins = self.margins(self.rows(examples))
        first, second = (torch.tensor(side, device=margins.device) for side in zip(*self.pairs, strict=True))
        votes = margins.new_zeros(len(margins), self.classes)
        votes.index_add_(1, first, (margins > 0).to(votes)).index_add_(1, second, (margins <= 0).to(votes))
        sums = torch.zeros_like(votes).index_add_(1, first, margins).index_add_(1, second, -margins)
        return votes + sums / (3 * (sums.abs() + 1))

    def rows(self, examples: Tensor) -> Tensor:
        """Examples [n, ...] as the kernel sees them, [n, inputs]."""
        return examples.flatten(start_dim=1) / self.length

    def margins(self, rows: Tensor) -> Tensor:
        """What each pair's machine says of rows [n, inputs]: [n, pairs]."""
        return self.values(rows, self.vectors) @ self.weights.T + self.biases

    def values(self, rows: Tensor, others: Tensor) -> Tensor:
        """K of every row [n, inputs] with every other [m, inputs]: [n, m]."""
        products = rows @ others.T
        if self.kernel == "linear":
            return products
        if self.kernel == "polynomial":
            return (self.gamma * products + 1) ** self.degree
        distances = rows.square().sum(1, keepdim=True) + others.square().sum(1) - 2 * products
        return torch.exp(-self.gamma * distances.clamp(min=0))
