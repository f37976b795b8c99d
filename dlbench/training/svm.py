"""A support vector machine, fitted by scikit-learn.

Cortes and Vapnik: Support-Vector Networks, Machine Learning 20 (1995), section 3 (the soft margin). LIBSVM solves the
quadratic programme two weights at a time (Fan, Chen and Lin: Working Set Selection Using Second Order Information for
Training Support Vector Machines, JMLR 6, 2005).
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator

import numpy as np
import torch
from numpy.typing import NDArray
from sklearn.exceptions import ConvergenceWarning
from sklearn.svm import SVC
from torch import Tensor, nn

from dlbench.data.dataset import Dataset
from dlbench.errors import InputError
from dlbench.models.support_vectors import SupportVectors
from dlbench.training.step import Step

CACHE_MEGABYTES = 1000


def svm(
    model: nn.Module,
    data: Dataset,
    generator: torch.Generator,
    *,
    C: float,
    tolerance: float = 0.001,
    max_iterations: int = -1,
) -> Iterator[Step]:
    """Minimise |w|^2 / 2 + C sum(hinge) for every pair of classes, w in the space of the model's kernel.

    C: the price of a violated margin. tolerance: the solver stops when no weight violates optimality by more, or after
    so many iterations (-1: never). Sets the model's support vectors and their weights, so that afterwards it is a model
    as any other. The examples are not augmented; all of it runs on the CPU, on one core, and is the same for all seeds.

    Yields a single step. Its loss is the share of the training examples that became support vectors, on average no
    less than the share of errors on unseen ones (1995); it counts support_vectors and converged (1.0 or 0.0).
    Raises InputError unless the model has support vectors, every class has an example, and C and tolerance are
    positive.
    """
    if not isinstance(model, SupportVectors):
        raise InputError(f"svm: needs a model with a kernel (support_vectors), not {type(model).__name__}")
    if min(C, tolerance) <= 0:
        raise InputError("svm: C and tolerance must be positive")
    targets = data.train.targets.cpu().numpy()
    present = len(np.unique(targets))
    if present < model.classes:
        raise InputError(f"svm: {present} of {model.classes} classes have training examples: use more")
    inputs = data.prepare(data.train.inputs)
    model.length = inputs.flatten(start_dim=1).square().sum(1).mean().sqrt()
    rows = model.rows(inputs)
    machine = SVC(
        C=C,
        kernel={"linear": "linear", "polynomial": "poly", "rbf": "rbf"}[model.kernel],
        degree=model.degree,
        gamma=model.gamma,
        coef0=1.0,
        tol=tolerance,
        max_iter=max_iterations,
        cache_size=CACHE_MEGABYTES,
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # told by the count `converged`
        machine.fit(rows.double().cpu().numpy(), targets)
    _hand_over(machine, model, rows)
    found = len(machine.support_)
    counts = {"support_vectors": float(found), "converged": float(machine.fit_status_ == 0)}
    yield Step(1, 1, len(targets), torch.tensor(found / len(targets)), counts)


def _hand_over(machine: SVC, model: SupportVectors, rows: Tensor) -> None:
    """Give the model its support vectors, and the weight each has in each pair.

    scikit-learn keeps for every vector one weight against each other class, in the order of these; vectors are ordered
    by class. Of two classes alone it takes the second as the positive one.
    """
    owner = np.repeat(np.arange(model.classes), machine.n_support_)
    weights = np.zeros((len(model.pairs), len(owner)))
    for pair, (first, second) in enumerate(model.pairs):
        weights[pair, owner == first] = machine.dual_coef_[second - 1, owner == first]
        weights[pair, owner == second] = machine.dual_coef_[first, owner == second]
    sign = -1 if model.classes == 2 else 1
    model.vectors = rows[torch.from_numpy(machine.support_).to(rows.device).long()]
    model.weights = _like(rows, sign * weights)
    model.biases = _like(rows, sign * machine.intercept_)


def _like(rows: Tensor, numbers: NDArray[np.float64]) -> Tensor:
    return torch.from_numpy(numbers).to(rows)
