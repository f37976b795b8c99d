"""Conjugate gradients on large batches, with which the deep nets of 2006 were fine-tuned.

Hinton and Salakhutdinov: Reducing the Dimensionality of Data with Neural Networks, Science 313 (2006), supporting
material: batches of 1000, three line searches on each, the directions begun anew with each batch.
"""

from __future__ import annotations

from collections.abc import Iterator
from copy import deepcopy

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.optimize import minimize
from torch import Tensor, nn
from torch.nn.utils import parameters_to_vector

from dlbench.data.dataset import Dataset
from dlbench.errors import InputError
from dlbench.training.checkpoint import Checkpoint
from dlbench.training.copies import Copies
from dlbench.training.descent import Schedule
from dlbench.training.losses import LOSSES, Loss
from dlbench.training.step import Step

Vector = NDArray[np.float64]


def conjugate_gradient(
    model: nn.Module,
    data: Dataset,
    generator: torch.Generator,
    *,
    epochs: int,
    batch_size: int = 1000,
    line_searches: int = 3,
    loss: Loss = "cross_entropy",
    checkpoint: Checkpoint | None = None,
) -> Iterator[Step]:
    """Minimise the loss of one batch after the other by a few line searches; yield after each batch.

    A line search looks at the batch a few times, so that a step costs several of `sgd`.
    Raises InputError for numbers below 1, and for several copies of a net, which cannot share a line search.
    """
    total = Schedule(batch_size, None, epochs).length(len(data.train))
    batches = data.batches(batch_size, generator)
    first = checkpoint.follow(batches=batches) if checkpoint else 0
    for done in range(first, total):
        inputs, targets = next(batches)
        yield Step(done + 1, total, len(targets), search(model, inputs, targets, line_searches, loss))


def search(model: nn.Module, inputs: Tensor, targets: Tensor, line_searches: int, loss: Loss) -> Tensor:
    """Leave the model where so many line searches along conjugate directions lead; return the loss there, 0-d.

    In double precision, as in 2006, whatever the model's own.
    """
    if isinstance(model, Copies) or line_searches < 1:
        raise InputError("conjugate_gradient: takes one net at a time, and at least one line search for each batch")
    model.train()
    # on a plateau a descent is smaller than single precision's rounding, and a line search would find none
    double, inputs = deepcopy(model).double(), inputs.double()
    targets = targets.double() if targets.is_floating_point() else targets
    parameters = list(double.parameters())

    def value_and_slope(point: Vector) -> tuple[float, Vector]:
        _move(parameters, point)
        value = LOSSES[loss](double(inputs), targets)
        slope = torch.autograd.grad(value, parameters)
        return float(value.detach()), _vector(slope)

    # Polak and Ribiere's directions, as in the paper's own code; with gtol 0 a gradient of zero would divide by zero
    options = {"maxiter": line_searches, "gtol": 1e-12}
    found = minimize(value_and_slope, _vector(parameters), jac=True, method="CG", options=options)
    _move(list(model.parameters()), found.x)
    return torch.tensor(found.fun)


def _vector(tensors: list[nn.Parameter] | tuple[Tensor, ...]) -> Vector:
    return parameters_to_vector(tensors).detach().cpu().double().numpy()


def _move(parameters: list[nn.Parameter], point: Vector) -> None:
    """Put the parameters at a point [all of them], without leaving them views of one another."""
    start = 0
    with torch.no_grad():
        values = torch.from_numpy(point).to(parameters[0])
        for parameter in parameters:
            parameter.copy_(values[start : start + parameter.numel()].view_as(parameter))
            start += parameter.numel()
