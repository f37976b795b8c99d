"""How far the gradient of a mini-batch is from that of the whole training set.

Ioffe, Szegedy: Batch Normalization, arXiv 1502.03167, section 1: "the gradient of the loss over a mini-batch is an
estimate of the gradient over the training set, whose quality improves as the batch size increases".
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.func import functional_call, grad, vmap

from dlbench.data.dataset import Dataset, Examples
from dlbench.scores.classification_error import classification_error


def batch_gradients(
    model: nn.Module, data: Dataset, examples: Examples, *, sizes: Sequence[int] = (1, 4, 16, 64, 256), draws: int = 500
) -> dict[str, float]:
    """Draw `draws` batches of each size from the examples, with replacement, and compare their gradients with the mean.

    The loss is the cross-entropy of class scores, the gradient that by all weights at once, one row an example: meant
    for small nets without dropout and batch normalisation.
    Returns what `classification_error` returns and, of the training examples alone, for each size
    batch_<size>_relative_error, the root of the mean of |g - G|^2 over |G|^2, with g a batch's gradient and G that of
    all; and epoch_relative_error, that of the mean over the batches of an epoch of 16 each, which leaves nothing out.
    """
    scores = classification_error(model, data, examples)
    if examples is not data.train:
        return scores
    gradients = _by_example(model, data.prepare(examples.inputs), examples.targets).double()
    whole = gradients.mean(0)
    for size in sizes:
        batches = torch.randint(len(examples), (draws, size)).to(gradients.device)
        off = torch.stack([gradients[batch].mean(0) - whole for batch in batches])
        scores[f"batch_{size}_relative_error"] = _relative(off, whole)
    epoch = torch.randperm(len(examples)).to(gradients.device)[: len(examples) // 16 * 16].view(-1, 16)
    means = torch.stack([gradients[batch].mean(0) for batch in epoch])
    return scores | {"epoch_relative_error": _relative(means.mean(0, keepdim=True) - whole, whole)}


def _by_example(model: nn.Module, inputs: Tensor, targets: Tensor) -> Tensor:
    """The gradient of each example's loss by all parameters: [n, parameters]."""
    parameters = {name: parameter.detach() for name, parameter in model.named_parameters()}

    def loss(parameters: dict[str, Tensor], row: Tensor, target: Tensor) -> Tensor:
        return F.cross_entropy(functional_call(model, parameters, (row[None],)), target[None])

    rows: dict[str, Tensor] = vmap(grad(loss), in_dims=(None, 0, 0))(parameters, inputs, targets)
    return torch.cat([row.flatten(1) for row in rows.values()], 1)


def _relative(off: Tensor, whole: Tensor) -> float:
    """Root mean square length of the deviations [n, d] over the length of what they deviate from [d]."""
    return float(off.square().sum(1).mean().sqrt() / whole.norm())
