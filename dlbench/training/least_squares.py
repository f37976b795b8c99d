"""Least squares on random features: the hidden layers stay as drawn, the output layer is solved for at once."""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import nn

from dlbench.data.dataset import Dataset
from dlbench.errors import InputError
from dlbench.training.step import Step


def least_squares(
    model: nn.Module, data: Dataset, generator: torch.Generator, *, cutoff: float = 1e-6
) -> Iterator[Step]:
    """Give the layer `output` the weights and bias of the least squared error on the training examples, in one step.

    cutoff: singular values below this share of the largest count as zero. Without it the weights cancel each other in
    so many digits that float32, in which the net works, has none left for the sum.
    Solved in float64 by singular values. The step's loss is half the mean squared error. The generator is not used.
    Raises InputError unless the model ends in a linear layer `output` and the targets are values.
    """
    output = dict(model.named_children()).get("output")
    if not isinstance(output, nn.Linear) or not data.train.targets.is_floating_point():
        raise InputError("least_squares: fits values with a net that ends in a linear layer (model: mlp)")
    targets = data.train.targets.view(len(data.train), -1).double()
    with torch.no_grad():
        features = _features(model, output, data)
        # the pseudo-inverse rather than lstsq, whose drivers differ from device to device
        weights = torch.linalg.pinv(features, rtol=cutoff) @ targets
        output.weight.copy_(weights[:-1].T)
        output.bias.copy_(weights[-1])
        loss = 0.5 * (features @ weights - targets).square().sum(1).mean()
    yield Step(1, 1, len(data.train), loss.float())


def _features(model: nn.Module, output: nn.Linear, data: Dataset) -> torch.Tensor:
    """What the output layer sees, and a column of ones for its bias: float64 [n, units + 1]."""
    seen: list[torch.Tensor] = []
    hook = output.register_forward_pre_hook(lambda _, inputs: seen.append(inputs[0]))
    model.eval()
    model(data.prepare(data.train.inputs))
    hook.remove()
    return torch.cat([seen[0].double(), torch.ones(len(data.train), 1, dtype=torch.float64, device=seen[0].device)], 1)
