"""Adam. Kingma and Ba: Adam: A Method for Stochastic Optimization, ICLR 2015."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import torch
from torch import nn

from dlbench.data.dataset import Dataset
from dlbench.training.capture import Capture
from dlbench.training.checkpoint import Checkpoint
from dlbench.training.descent import Decay, Schedule, can_fuse, descend, groups
from dlbench.training.losses import Loss
from dlbench.training.step import Step


def adam(
    model: nn.Module,
    data: Dataset,
    generator: torch.Generator,
    *,
    lr: float,
    batch_size: int,
    steps: int | None = None,
    epochs: int | None = None,
    betas: Sequence[float] = (0.9, 0.999),
    weight_decay: float | Mapping[str, float] = 0.0,
    milestones: Sequence[int] = (),
    decay: Decay = "step",
    warm_up: int = 0,
    ramp: int = 0,
    loss: Loss = "cross_entropy",
    clip: float | None = None,
    checkpoint: Checkpoint | None = None,
    capture: Capture | None = None,
) -> Iterator[Step]:
    """Follow the gradient divided by its own recent size, parameter by parameter; yield after each update.

    betas: how much of the mean gradient, and of the mean square, is kept from step to step. weight_decay: added to the
    gradient, as in the paper's day, and not decoupled. All else: as `sgd` has it.
    Raises InputError unless exactly one of `steps` and `epochs` is given, and for sizes below 1.
    """
    schedule = Schedule(batch_size, steps, epochs, milestones, decay, warm_up, ramp)
    optimiser = torch.optim.Adam(groups(model, weight_decay), lr=lr, betas=(betas[0], betas[1]), fused=can_fuse(model))
    yield from descend(
        model, data, generator, optimiser, schedule, loss=loss, clip=clip, checkpoint=checkpoint, capture=capture
    )
