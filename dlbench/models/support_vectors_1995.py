"""Support vector machines as they read digits in 1995: one for each class, against the rest.

Cortes and Vapnik: Support-Vector Networks, Machine Learning 20 (1995), section 6.2. Each machine says how much an image
looks like its digit, sum_i a_i K(x_i, x) + b with K(x, z) = (gamma x.z + 1)^degree, and the one that says most is the
answer. `support_vectors` has a machine for each pair of classes, and other kernels.

Of the images the mean one is taken away first, and they are divided by their root mean square length. A dot product
knows where zero is: where the background is -1, as for the nets of 1989, images have most of their length in common,
and the kernel tells them apart by what little is left.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from dlbench.errors import InputError


def support_vectors_1995(*, degree: int = 4, gamma: float = 1.0, inputs: int = 256, classes: int = 10) -> nn.Module:
    """Build machines without support vectors, to be fitted by `svm_1995`.

    Raises InputError unless degree and gamma are positive.
    """
    if min(degree, gamma) <= 0:
        raise InputError("support_vectors_1995: degree and gamma must be positive")
    return SupportVectors1995(degree=degree, gamma=gamma, inputs=inputs, classes=classes)


class SupportVectors1995(nn.Module):
    """[n, ...] with `inputs` values an example -> what each class's machine says, [n, classes].

    vectors [s, inputs], those of all machines; weights [classes, s], zero where a machine has no use for a vector;
    biases [classes]. mean [inputs] and length: of the training examples. All of them are buffers for `svm_1995` to set.
    """

    vectors: Tensor
    weights: Tensor
    biases: Tensor
    mean: Tensor
    length: Tensor

    def __init__(self, *, degree: int, gamma: float, inputs: int, classes: int) -> None:
        super().__init__()
        self.degree, self.gamma = degree, gamma
        self.input_shape = (inputs,)
        self.classes = classes
        self.register_buffer("vectors", torch.empty(0, inputs))
        self.register_buffer("weights", torch.empty(classes, 0))
        self.register_buffer("biases", torch.zeros(classes))
        self.register_buffer("mean", torch.zeros(inputs))
        self.register_buffer("length", torch.ones(()))

    def forward(self, examples: Tensor) -> Tensor:
        """What each machine says."""
        kernel = (self.gamma * self.rows(examples) @ self.vectors.T + 1) ** self.degree
        return kernel @ self.weights.T + self.biases

    def rows(self, examples: Tensor) -> Tensor:
        """Examples [n, ...] as the kernel sees them, [n, inputs]."""
        return (examples.flatten(start_dim=1) - self.mean) / self.length
