"""A linear support vector machine on features that are many: the minimum of `linear_svm`, found by their gradient.

Chapelle: Training a Support Vector Machine in the Primal, Neural Computation 19, 2007: the squared hinge loss is smooth
in the weights, so no dual is needed. What the solver keeps is one float32 for each feature of each example, a sixth of
what LIBLINEAR takes. Features keep their proportions, which are what a kernel or a Fisher vector is about.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import torch
from scipy.optimize import minimize
from torch import Tensor, nn

from dlbench.data.dataset import Dataset
from dlbench.errors import InputError
from dlbench.models.pixels_linear import LinearOnFeatures
from dlbench.training.step import Step

BATCH = 1000


def primal_svm(
    model: nn.Module,
    data: Dataset,
    generator: torch.Generator,
    *,
    C: float,
    tolerance: float = 1e-4,
    max_iterations: int = 200,
) -> Iterator[Step]:
    """Learn the features, if any are to be learnt, and fix them; then minimise |w|^2 / 2 + C sum(hinge^2) a class.

    C: the price of a violated margin. For it to mean the same with any features, they are centred and divided by one
    number, so that their mean square length is 1; the bias counts as the weight of one more feature that is always 1.
    tolerance: L-BFGS stops when an iteration lowers the objective by less than this share of it, or after
    `max_iterations`.

    Sets the model's mean, std (one number for all features) and classifier, so that afterwards it is a model as any
    other. Features are learnt without labels (`LinearOnFeatures.learn_features`), and worked out once. The examples are
    not augmented. Yields a single step. Its loss is the mean squared hinge of the training examples over all classes;
    it counts iterations and converged (1.0 or 0.0).
    Raises InputError unless the model is linear on features, every class has an example and the numbers are positive.
    """
    targets = data.train.targets
    present = len(targets.unique())  # type: ignore[no-untyped-call]
    if not isinstance(model, LinearOnFeatures):
        name = type(model).__name__
        raise InputError(f"primal_svm: needs a model with fixed features (fisher_linear, hog_linear, ...), not {name}")
    if present < len(data.classes):
        raise InputError(f"primal_svm: {present} of {len(data.classes)} classes have training examples: use more")
    if min(C, tolerance, max_iterations) <= 0:
        raise InputError("primal_svm: C, tolerance and max_iterations must be positive")
    model.learn_features(data.prepare(data.train.inputs), generator)
    signs = 2.0 * nn.functional.one_hot(targets, len(data.classes)).float() - 1.0
    problem = Problem(_scaled_features(model, data), signs, C)
    found = minimize(
        problem,
        np.zeros(problem.size),
        jac=True,
        method="L-BFGS-B",
        options={"maxiter": max_iterations, "ftol": tolerance, "gtol": 0},
    )
    weights = problem.weights(found.x)
    with torch.no_grad():
        model.classifier.weight.copy_(weights[:, :-1])
        model.classifier.bias.copy_(weights[:, -1])
    counts = {"iterations": float(found.nit), "converged": float(found.nit < max_iterations)}
    yield Step(1, 1, len(targets), problem.hinge(weights).square().mean(), counts)


class Problem:
    """What is minimised: features [n, d] as the solver sees them, and for each class which side an example is on."""

    def __init__(self, features: Tensor, signs: Tensor, C: float) -> None:
        self.features, self.signs, self.C = features, signs, C
        self.shape = (signs.shape[1], features.shape[1] + 1)
        self.size = self.shape[0] * self.shape[1]

    def __call__(self, flat: np.ndarray) -> tuple[float, np.ndarray]:
        """The objective and its gradient, at weights and biases in one row."""
        weights = self.weights(flat)
        hinge = self.hinge(weights)
        value = 0.5 * np.square(flat).sum() + self.C * float(hinge.double().square().sum())
        slope = -2 * self.C * self.signs * hinge
        pulled = torch.cat([slope.T @ self.features, slope.sum(0)[:, None]], dim=1)
        return value, flat + pulled.double().cpu().numpy().ravel()

    def weights(self, flat: np.ndarray) -> Tensor:
        """As float32 [classes, d + 1], the bias last."""
        return torch.from_numpy(flat).to(self.features).view(self.shape)

    def hinge(self, weights: Tensor) -> Tensor:
        """By how much each example violates each class's margin, [n, classes]."""
        scores = self.features @ weights[:, :-1].T + weights[:, -1]
        return (1 - self.signs * scores).clamp(min=0)


def _scaled_features(model: LinearOnFeatures, data: Dataset) -> Tensor:
    """Set the model's mean and std from the training examples; return their features as they leave these, [n, d]."""
    inputs = data.train.inputs
    matrix = torch.empty(len(inputs), len(model.mean), device=inputs.device)
    with torch.no_grad():
        for raw, rows in zip(torch.split(inputs, BATCH), torch.split(matrix, BATCH), strict=True):
            rows.copy_(model.features(data.prepare(raw)))
        model.mean.copy_(matrix.mean(0))
        matrix -= model.mean
        length = sum(rows.square().sum(dtype=torch.float64) for rows in torch.split(matrix, BATCH)) / len(matrix)
        model.std.fill_(float(length) ** 0.5)
        matrix /= model.std[0]
    return matrix
