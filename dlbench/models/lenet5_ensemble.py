"""Several LeNets whose predictions are averaged.

Krizhevsky, Sutskever, Hinton: ImageNet Classification with Deep Convolutional Neural Networks, NIPS 2012, section 6:
five nets averaged err on 16.4 % where one errs on 18.2 %.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

from dlbench.models.lenet5 import lenet5


def lenet5_ensemble(*, members: int = 5, classes: int = 10) -> nn.Module:
    """Build `members` nets that start from different weights; see `dlbench/models/lenet5.py`."""
    return Ensemble([lenet5(classes=classes) for _ in range(members)])


class Ensemble(nn.Module):
    """In training the scores of all members, [members, n, classes], so that descent gives each its own gradient.

    Else [n, classes], the logarithm of the mean of their probabilities.
    """

    def __init__(self, members: list[nn.Module]) -> None:
        super().__init__()
        self.members = nn.ModuleList(members)
        self.input_shape = members[0].input_shape

    def forward(self, inputs: Tensor) -> Tensor:
        """See the class."""
        scores = torch.stack([member(inputs) for member in self.members])
        return scores if self.training else scores.log_softmax(-1).logsumexp(0) - math.log(len(scores))
