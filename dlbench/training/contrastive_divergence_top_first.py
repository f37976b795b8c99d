"""Pretraining a classifier layer by layer, then teaching its top layer alone for a while before all of them.

Hinton and Salakhutdinov: Reducing the Dimensionality of Data with Neural Networks, Science 313 (2006), in the code they
published: for the first five epochs of fine-tuning the pretrained weights are held fixed, so that the errors of a layer
that has learnt nothing yet do not undo them.
"""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import nn

from dlbench.data.dataset import Dataset
from dlbench.errors import InputError
from dlbench.models.mlp import MLP
from dlbench.training.checkpoint import Checkpoint
from dlbench.training.conjugate_gradient import search
from dlbench.training.contrastive_divergence import Stack, _machines
from dlbench.training.descent import Schedule
from dlbench.training.losses import Loss
from dlbench.training.step import Step


def contrastive_divergence_top_first(
    model: nn.Module,
    data: Dataset,
    generator: torch.Generator,
    *,
    pretraining_epochs: int,
    top_epochs: int,
    fine_tuning_epochs: int,
    loss: Loss,
    lr: float = 0.1,
    momentum: float = 0.5,
    later_momentum: float = 0.9,
    later: int = 5,
    weight_cost: float = 2e-4,
    batch_size: int = 100,
    fine_tuning_batch_size: int = 1000,
    line_searches: int = 3,
    checkpoint: Checkpoint | None = None,
) -> Iterator[Step]:
    """Learn as `contrastive_divergence` does, which explains what is not said here, but for the first of fine-tuning.

    top_epochs: how many of the fine-tuning epochs change the top layer alone, by as many line searches.
    Raises InputError unless the model is an mlp with logistic hidden units, and for more top epochs than there are.
    """
    if not isinstance(model, MLP):
        raise InputError("contrastive_divergence_top_first: the model is an mlp with logistic hidden units")
    if not 1 <= top_epochs <= fine_tuning_epochs:
        raise InputError("contrastive_divergence_top_first: top_epochs are between 1 and fine_tuning_epochs")
    stack = Stack(_machines(model))
    top = [layer for layer in model if isinstance(layer, nn.Linear)][-1]
    count = len(data.train)
    a_layer = Schedule(batch_size, None, pretraining_epochs).length(count)
    pretraining = a_layer * len(stack.machines)
    of_top = pretraining + Schedule(fine_tuning_batch_size, None, top_epochs).length(count)
    total = pretraining + Schedule(fine_tuning_batch_size, None, fine_tuning_epochs).length(count)
    batches, large_batches = data.batches(batch_size, generator), data.batches(fine_tuning_batch_size, generator)
    first = checkpoint.follow(stack=stack, batches=batches, large_batches=large_batches) if checkpoint else 0
    for done in range(first, pretraining):
        layer, done_here = divmod(done, a_layer)
        inputs, _ = next(batches)
        lost = stack.machines[layer].learn(
            stack.below(layer, inputs),
            generator,
            lr=lr,
            momentum=momentum if done_here < later * a_layer // pretraining_epochs else later_momentum,
            weight_cost=weight_cost,
        )
        yield Step(done + 1, total, len(inputs), lost)
    for done in range(max(first, pretraining), total):
        inputs, targets = next(large_batches)
        if done < of_top:
            seen = stack.below(len(stack.machines), inputs)
            lost = search(top, seen, targets, line_searches, loss)
        else:
            lost = search(model, inputs, targets, line_searches, loss)
        yield Step(done + 1, total, len(inputs), lost)
