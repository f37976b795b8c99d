"""The soft margin of 1995, fitted by scikit-learn: a machine for each class, against the rest.

Cortes and Vapnik: Support-Vector Networks, Machine Learning 20 (1995), sections 3 and 6.2.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import torch
from sklearn.svm import SVC
from torch import Tensor, nn

from dlbench.data.dataset import Dataset
from dlbench.errors import InputError
from dlbench.models.support_vectors_1995 import SupportVectors1995
from dlbench.training.step import Step

CACHE_MEGABYTES = 1000


def svm_1995(
    model: nn.Module, data: Dataset, generator: torch.Generator, *, C: float, tolerance: float = 0.001
) -> Iterator[Step]:
    """Minimise |w|^2 / 2 + C sum(hinge) for each class against the rest, w in the space of the model's kernel.

    C: the price of a violated margin. tolerance: the solver stops when no weight violates optimality by more. All of it
    runs on the CPU, on one core, and is the same for all seeds.

    Yields a single step. Its loss is the share of the training examples that became support vectors of a machine, on
    average over the machines; it counts support_vectors, those of any machine.
    Raises InputError unless the model is a support_vectors_1995, every class has an example, and C and tolerance are
    positive.
    """
    if not isinstance(model, SupportVectors1995):
        raise InputError(f"svm_1995: fits support_vectors_1995, not {type(model).__name__}")
    if min(C, tolerance) <= 0:
        raise InputError("svm_1995: C and tolerance must be positive")
    targets = data.train.targets.cpu().numpy()
    present = len(np.unique(targets))
    if present < model.classes:
        raise InputError(f"svm_1995: {present} of {model.classes} classes have training examples: use more")
    rows = _scaled(model, data.prepare(data.train.inputs))
    examples = rows.double().cpu().numpy()
    kernel = {"kernel": "poly", "degree": model.degree, "gamma": model.gamma, "coef0": 1.0}
    machines = [
        SVC(C=C, tol=tolerance, cache_size=CACHE_MEGABYTES, **kernel).fit(examples, targets == one)
        for one in range(model.classes)
    ]
    used = _hand_over(machines, model, rows)
    share = sum(len(machine.support_) for machine in machines) / len(machines) / len(targets)
    yield Step(1, 1, len(targets), torch.tensor(share), {"support_vectors": float(used)})


def _scaled(model: SupportVectors1995, inputs: Tensor) -> Tensor:
    """The training examples as the kernel sees them, [n, inputs], from here on."""
    flat = inputs.flatten(start_dim=1)
    model.mean = flat.mean(0)
    model.length = (flat - model.mean).square().sum(1).mean().sqrt()
    return model.rows(inputs)


def _hand_over(machines: list[SVC], model: SupportVectors1995, rows: Tensor) -> int:
    """Give the model the support vectors of all machines, and the weight each has in each; return how many they are."""
    weights = np.zeros((len(machines), len(rows)))
    for own, machine in zip(weights, machines, strict=True):
        own[machine.support_] = machine.dual_coef_[0]
    used = np.flatnonzero(weights.any(0))
    model.vectors = rows[torch.from_numpy(used).to(rows.device)]
    model.weights = torch.from_numpy(weights[:, used]).to(rows)
    model.biases = torch.from_numpy(np.concatenate([machine.intercept_ for machine in machines])).to(rows)
    return len(used)
