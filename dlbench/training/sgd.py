"""Stochastic gradient descent with momentum."""

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


def sgd(
    model: nn.Module,
    data: Dataset,
    generator: torch.Generator,
    *,
    lr: float,
    batch_size: int,
    steps: int | None = None,
    epochs: int | None = None,
    momentum: float = 0.0,
    nesterov: bool = False,
    weight_decay: float | Mapping[str, float] = 0.0,
    milestones: Sequence[int] = (),
    decay: Decay = "step",
    warm_up: int = 0,
    ramp: int = 0,
    loss: Loss = "cross_entropy",
    clip: float | None = None,
    max_norm: float | None = None,
    checkpoint: Checkpoint | None = None,
    capture: Capture | None = None,
) -> Iterator[Step]:
    """Follow the gradient of each batch, with momentum; yield after each update.

    lr: divided by 10 at each of `milestones`, given in steps or, with `epochs`, in epochs (`decay: step`); falls on a
        straight line to zero at the end (`decay: linear`).
    warm_up: steps at a tenth of the rate before all else (He et al. 2015, section 4.2, do this for depth 110).
    ramp: steps over which the rate rises on a straight line (Goyal et al. 2017, section 2.2).
    weight_decay: for all weights and biases, or by the layer's name: `{conv: 0.004, fc: 0.03}` takes the first key that
        the parameter's name begins with; a parameter that no key fits is not decayed.
    loss: see `dlbench/training/losses.py`. clip, max_norm, and several copies of a net: see `descend`.

    Raises InputError unless exactly one of `steps` and `epochs` is given, and for sizes below 1.
    """
    schedule = Schedule(batch_size, steps, epochs, milestones, decay, warm_up, ramp)
    optimiser = torch.optim.SGD(
        groups(model, weight_decay), lr=lr, momentum=momentum, nesterov=nesterov, fused=can_fuse(model)
    )
    yield from descend(
        model, data, generator, optimiser, schedule,
        loss=loss, clip=clip, max_norm=max_norm, checkpoint=checkpoint, capture=capture,
    )  # fmt: skip
