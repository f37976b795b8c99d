"""What descent can minimise: losses of a batch of outputs, for one model or for several copies at once.

outputs: [n, d], or [copies, n, d] of several copies; targets: classes, int64 [n], or values, float32 [n] or [n, d]. The
result is the mean over the batch: 0-d, or [copies].
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Literal, TypeAlias

import torch.nn.functional as F
from torch import Tensor

Loss: TypeAlias = Literal["cross_entropy", "squared_error", "binary_cross_entropy"]


def cross_entropy(outputs: Tensor, targets: Tensor) -> Tensor:
    """Of class scores, before the softmax, in nats."""
    if outputs.dim() == 2:
        return F.cross_entropy(outputs, targets)
    flat = F.cross_entropy(outputs.flatten(0, 1), targets.repeat(len(outputs)), reduction="none")
    return flat.view(len(outputs), -1).mean(1)


def squared_error(outputs: Tensor, targets: Tensor) -> Tensor:
    """Half the sum over outputs (Rumelhart et al. 1986)."""
    return 0.5 * (outputs - _wanted(outputs, targets)).square().sum(-1).mean(-1)


def binary_cross_entropy(outputs: Tensor, targets: Tensor) -> Tensor:
    """Of the outputs before the logistic, each a coin of its own: the sum over outputs, in nats."""
    wanted = _wanted(outputs, targets).expand_as(outputs)
    return F.binary_cross_entropy_with_logits(outputs, wanted, reduction="none").sum(-1).mean(-1)


def _wanted(outputs: Tensor, targets: Tensor) -> Tensor:
    """The outputs wanted, [n, d]: classes as 0 or 1 for a single output, as one-hot for several."""
    if targets.dtype.is_floating_point:
        return targets.view(len(targets), -1)
    return targets[:, None].float() if outputs.shape[-1] == 1 else F.one_hot(targets, outputs.shape[-1]).float()


LOSSES: Mapping[Loss, Callable[[Tensor, Tensor], Tensor]] = {
    "cross_entropy": cross_entropy,
    "squared_error": squared_error,
    "binary_cross_entropy": binary_cross_entropy,
}
