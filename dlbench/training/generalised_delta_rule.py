"""The generalised delta rule of 1986: error propagation with momentum until every pattern is learnt.

Rumelhart, Hinton, Williams: Learning Internal Representations by Error Propagation, in: Parallel Distributed
Processing, 1986, chapter 8; and Learning Representations by Back-propagating Errors, Nature 323 (1986).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Literal

import torch
from torch import Tensor, nn

from dlbench.data.dataset import Dataset
from dlbench.errors import InputError
from dlbench.training.net_of_gates import NetOfGates
from dlbench.training.step import Step

# outputs [n] or [copies, n], and the gradient of each parameter
Presentation = Callable[[], tuple[Tensor, list[Tensor]]]


def generalised_delta_rule(
    model: nn.Module,
    data: Dataset,
    generator: torch.Generator,
    *,
    lr: float,
    batch_size: int,
    sweeps: int,
    momentum: float = 0.9,
    low: float = 0.1,
    high: float = 0.9,
    tolerance: float = 0.1,
    gradients: Literal["autograd", "gates"] = "autograd",
) -> Iterator[Step]:
    """Present all patterns, change the weights by the accumulated gradient, until every output is near its target.

        dw(t) = -lr dE/dw + momentum dw(t - 1),    E = 1/2 sum over the patterns of (output - target)^2

    batch_size: all patterns or more, since the weights change once a sweep (Nature, below equation 7).
    low, high: the targets for false and true; a logistic unit reaches 0 and 1 at infinite weights only (chapter 8).
    tolerance: a net has learnt when every output is this near its target; 0.1 is a squared error of 0.01 a pattern.
    gradients: torch's, or those of a computational graph of gates, to the same end and slower.

    Yields one step a sweep, whose loss is E over the number of patterns. Counts `sweeps` up to the one in which all was
    right, and `converged`, 1.0 from there on, else 0.0: a net that never converges counts every sweep. Of several
    copies each counts for itself and keeps its weights once it has learnt; the rule stops when all have. The
    generator is not used.
    Raises InputError unless the model has one output and the data two classes, or for a smaller batch.
    """
    if len(data.classes) != 2:
        raise InputError(f"generalised_delta_rule: learns true and false, the data have {len(data.classes)} classes")
    if batch_size < len(data.train):
        raise InputError(
            f"training: batch_size: {batch_size}: a sweep has {len(data.train)} patterns, give all of them"
        )
    targets = low + (high - low) * data.train.targets.float()
    present = _presentation(gradients, model, data.prepare(data.train.inputs), targets)
    changes = [torch.zeros_like(weights) for weights in model.parameters()]
    learning, taken = targets.new_ones(()), targets.new_zeros(())
    for sweep in range(1, sweeps + 1):
        model.train()
        outputs, slopes = present()
        errors = outputs - targets
        taken = taken + learning
        learning = learning * (errors.abs() > tolerance).any(-1)
        _change(model, changes, slopes, lr=lr, momentum=momentum, learning=learning)
        counts = {"sweeps": taken, "converged": 1.0 - learning}
        yield Step(sweep, sweeps, len(targets), 0.5 * errors.square().mean(-1), counts)
        if not learning.any():
            return


def _change(
    model: nn.Module, changes: list[Tensor], slopes: list[Tensor], *, lr: float, momentum: float, learning: Tensor
) -> None:
    """Give all weights their next change, of those copies that still learn: `learning` is 0 or 1, 0-d or [copies]."""
    with torch.no_grad():
        for weights, change, slope in zip(model.parameters(), changes, slopes, strict=True):
            change.mul_(momentum).sub_(lr * slope)
            weights.add_(change * learning.reshape(learning.shape + (1,) * (weights.dim() - learning.dim())))


def _presentation(gradients: str, model: nn.Module, inputs: Tensor, targets: Tensor) -> Presentation:
    if gradients == "autograd":
        return partial(_by_autograd, model, inputs, targets)
    return partial(_by_gates, model, NetOfGates(model, inputs, targets[:, None]))


def _by_autograd(model: nn.Module, inputs: Tensor, targets: Tensor) -> tuple[Tensor, list[Tensor]]:
    outputs = model(inputs)
    if outputs.shape[-1] != 1:
        raise InputError(f"generalised_delta_rule: teaches one output unit, the model has {outputs.shape[-1]}")
    outputs = outputs[..., 0]
    error = 0.5 * (outputs - targets).square().sum()
    return outputs.detach(), list(torch.autograd.grad(error, list(model.parameters())))


def _by_gates(model: nn.Module, net: NetOfGates) -> tuple[Tensor, list[Tensor]]:
    net.load(model)
    outputs, slopes = net.present()
    return outputs[:, 0].float(), [slope.float() for slope in slopes.values()]
