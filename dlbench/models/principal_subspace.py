"""Images projected onto a plane through their mean: what principal components analysis keeps of them.

Pearson: On Lines and Planes of Closest Fit to Systems of Points in Space, 1901; the comparison of Hinton and
Salakhutdinov 2006, page 506.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn


def principal_subspace(*, inputs: int = 784, components: int = 30) -> nn.Module:
    """Build a projection of `inputs` pixels onto `components` directions; the rule `pca` finds them."""
    return PrincipalSubspace(inputs, components)


class PrincipalSubspace(nn.Module):
    """[n, ...] with `inputs` pixels an image -> [n, inputs]: m + (x - m) W' W, W being [components, inputs]."""

    def __init__(self, inputs: int, components: int) -> None:
        super().__init__()
        self.input_shape = (inputs,)
        self.mean = nn.Parameter(torch.zeros(inputs))
        self.directions = nn.Parameter(torch.zeros(components, inputs))  # orthonormal rows, once fitted

    def forward(self, images: Tensor) -> Tensor:
        """The nearest point of the plane."""
        code = (images.flatten(start_dim=1) - self.mean) @ self.directions.T
        return code @ self.directions + self.mean
