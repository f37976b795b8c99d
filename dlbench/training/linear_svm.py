"""A linear support vector machine on fixed features, fitted by scikit-learn.

Cortes and Vapnik: Support-Vector Networks, Machine Learning 20, 1995. Each class is told from the rest with the squared
hinge loss, which LIBLINEAR minimises in the dual (Hsieh et al.: A Dual Coordinate Descent Method for Large-scale Linear
SVM, ICML 2008). The plain hinge loss does worse on classes that overlap: its best answer for one class in ten is mostly
to say no, which ranks the classes badly.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator

import numpy as np
import torch
from numpy.typing import NDArray
from sklearn.exceptions import ConvergenceWarning
from sklearn.svm import LinearSVC
from torch import Tensor, nn

from dlbench.data.dataset import Dataset
from dlbench.errors import InputError
from dlbench.models.pixels_linear import LinearOnFeatures
from dlbench.training.step import Step

BATCH = 1000
SMALLEST_STD = 1e-6  # a feature that varies less is constant but for rounding


def linear_svm(
    model: nn.Module,
    data: Dataset,
    generator: torch.Generator,
    *,
    C: float,
    tolerance: float = 0.01,
    max_iterations: int = 1000,
) -> Iterator[Step]:
    """Learn the features, if any are to be learnt, and fix them; then minimise |w|^2 / 2 + C sum(hinge^2) a class.

    C: the price of a violated margin. For it to mean the same with any number of features, they are standardised and
    then scaled to a mean square length of 1; the bias counts as the weight of one more feature that is always 1.
    tolerance: the solver stops when no example violates optimality by more, or after going through the examples
    `max_iterations` times.

    Sets the model's mean, std and classifier, so that afterwards it is a model as any other. Features are learnt
    without labels (`LinearOnFeatures.learn_features`), and then worked out once. The examples are not augmented. The
    solver runs on the CPU, on one core, and takes 24 bytes of memory for each feature of each example.
    Yields a single step. Its loss is the mean squared hinge of the training examples over all classes; it counts
    iterations (of the slowest class) and converged (1.0 or 0.0).
    Raises InputError unless the model is linear on features, every class has an example and the numbers are positive.
    """
    targets = data.train.targets.cpu().numpy()
    present = len(np.unique(targets))
    if not isinstance(model, LinearOnFeatures):
        name = type(model).__name__
        raise InputError(f"linear_svm: needs a model with fixed features (pixels_linear, hog_linear, ...), not {name}")
    if present < len(data.classes):
        raise InputError(f"linear_svm: {present} of {len(data.classes)} classes have training examples: use more")
    if min(C, tolerance, max_iterations) <= 0:
        raise InputError("linear_svm: C, tolerance and max_iterations must be positive")
    model.learn_features(data.prepare(data.train.inputs), generator)
    features = _standardised_features(model, data)
    machine = LinearSVC(
        C=C,
        dual=True,
        tol=tolerance,
        max_iter=max_iterations,
        random_state=int(torch.randint(2**31, (), generator=generator, device=generator.device)),
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # told by the count `converged`
        machine.fit(features, targets)
    _copy_weights(machine, model)
    counts = {"iterations": float(machine.n_iter_), "converged": float(machine.n_iter_ < max_iterations)}
    yield Step(1, 1, len(targets), _squared_hinge(machine, features, targets), counts)


def _standardised_features(model: LinearOnFeatures, data: Dataset) -> NDArray[np.float64]:
    """Set the model's mean and std from the training examples; return their features scaled for the solver [n, d]."""
    inputs = data.train.inputs
    matrix = torch.empty(len(inputs), len(model.mean), dtype=torch.float64)  # what LIBLINEAR would copy it to
    with torch.no_grad():
        for raw, rows in zip(torch.split(inputs, BATCH), torch.split(matrix, BATCH), strict=True):
            rows.copy_(model.features(data.prepare(raw)).cpu())
        std, mean = torch.std_mean(matrix, dim=0, correction=0)
        std[std < SMALLEST_STD] = 1.0
        model.mean.copy_(mean.float())
        model.std.copy_(std.float())
        matrix -= mean
        matrix /= std * len(mean) ** 0.5
    scaled: NDArray[np.float64] = matrix.numpy()
    return scaled


def _copy_weights(machine: LinearSVC, model: LinearOnFeatures) -> None:
    """Hand the weights to the model, which does not divide features by the root of their number."""
    weights, biases = machine.coef_ / len(model.mean) ** 0.5, machine.intercept_
    if len(weights) == 1:  # two classes: scikit-learn keeps the second's weights alone
        weights, biases = np.concatenate([-weights, weights]), np.concatenate([-biases, biases])
    with torch.no_grad():
        model.classifier.weight.copy_(torch.from_numpy(weights).float())
        model.classifier.bias.copy_(torch.from_numpy(biases).float())


def _squared_hinge(machine: LinearSVC, features: NDArray[np.float64], targets: NDArray[np.int64]) -> Tensor:
    scores = machine.decision_function(features).reshape(len(targets), -1)
    positive = targets[:, None] == machine.classes_[-scores.shape[1] :]
    return torch.tensor(np.square(np.maximum(0.0, 1.0 - np.where(positive, scores, -scores))).mean())
