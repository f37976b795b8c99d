"""The k nearest neighbours vote: a classifier that learns nothing but remembers all.

Cover and Hart: Nearest Neighbor Pattern Classification, IEEE Transactions on Information Theory 13 (1967).
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from dlbench.errors import InputError

MOST = 30  # more ranks than a float can tell apart


def nearest_neighbours(*, k: int = 3, inputs: int = 784, classes: int = 10) -> nn.Module:
    """Build a classifier that knows no example before `remember` shows it some. Raises InputError for a bad k."""
    if not 1 <= k <= MOST:
        raise InputError(f"nearest_neighbours: k: {k}: give a number from 1 to {MOST}")
    return NearestNeighbours(k=k, inputs=inputs, classes=classes)


class NearestNeighbours(nn.Module):
    """[n, ...] with `inputs` values an example -> votes [n, classes]; the Euclidean distance decides who is near.

    A tie is for the class whose member is nearest: the neighbour of rank r, from 0, has 1 + 2^-(r+1) votes, so that no
    fractions ever make up for a whole vote. examples [m, inputs] and targets [m] belong to whoever trains the model.
    """

    examples: Tensor
    targets: Tensor

    def __init__(self, *, k: int, inputs: int, classes: int) -> None:
        super().__init__()
        self.k, self.classes = k, classes
        self.input_shape = (inputs,)
        self.register_buffer("examples", torch.empty(0, inputs))
        self.register_buffer("targets", torch.empty(0, dtype=torch.int64))

    def forward(self, examples: Tensor) -> Tensor:
        """Find the nearest of all that it remembers; of fewer than k, all vote."""
        rows = examples.flatten(start_dim=1)
        nearness = rows @ self.examples.T - 0.5 * self.examples.square().sum(1)  # the row's own length changes no rank
        near = nearness.topk(min(self.k, len(self.targets)), dim=1).indices
        votes = 1 + 0.5 ** torch.arange(1, near.shape[1] + 1, device=rows.device)
        return (F.one_hot(self.targets[near], self.classes) * votes[:, None]).sum(1)
