"""A linear support vector machine on fixed features, fitted by scikit-learn.

Cortes and Vapnik: Support-Vector Networks, Machine Learning 20, 1995, one class against the rest. It is solved in the
primal by stochastic subgradients, as in Pegasos (Shalev-Shwartz, Singer, Srebro: ICML 2007), with averaged weights (Xu:
Towards Optimal One Pass Large Scale Learning with Averaged Stochastic Gradient Descent, 2011): ten passes over 50,000
examples take seconds, where a batch solver takes minutes to get as low.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import torch
from numpy.typing import NDArray
from sklearn.linear_model import SGDClassifier
from torch import Tensor, nn

from dlbench.data.dataset import Dataset
from dlbench.errors import InputError
from dlbench.models.pixels_linear import LinearOnFeatures
from dlbench.training.step import Step

Matrix = NDArray[np.float32]
BATCH = 1000
SMALLEST_STD = 1e-6  # a feature that varies less is constant but for rounding


def linear_svm(model: nn.Module, data: Dataset, generator: torch.Generator, *, C: float, passes: int) -> Iterator[Step]:
    """Work out the features of all training examples once, then minimise |w|^2 / 2 + C sum(hinge) over each class.

    C: the price of a violated margin. For it to mean the same with any number of features, they are standardised and
    then scaled to a mean square length of 1. passes: times that each example is seen, each time in a new random order.

    Sets the model's mean, std and classifier, so that afterwards it is a model as any other. The examples are not
    augmented: features of an example are worked out once. As many classes are fitted at once as torch has threads, on
    the CPU; the result does not depend on how many.
    Yields a single step for all passes; its loss is the mean hinge loss of the training examples, over all classes.
    Raises InputError unless the model has fixed features, every class has an example, and C and passes are positive.
    """
    targets = data.train.targets.cpu().numpy()
    present = len(np.unique(targets))
    if not isinstance(model, LinearOnFeatures):
        name = type(model).__name__
        raise InputError(f"linear_svm: needs a model with fixed features (pixels_linear, hog_linear), not {name}")
    if C <= 0 or passes < 1:
        raise InputError(f"linear_svm: C is {C} and passes is {passes}: both must be positive")
    if present < len(data.classes):
        raise InputError(f"linear_svm: {present} of {len(data.classes)} classes have training examples: use more")
    features = _standardised_features(model, data)
    machine = SGDClassifier(
        loss="hinge",
        alpha=1.0 / (C * len(targets)),
        average=True,
        max_iter=passes,
        tol=None,  # never stop early: every run costs the same
        n_jobs=torch.get_num_threads(),
        random_state=int(torch.randint(2**31, (), generator=generator, device=generator.device)),
    )
    # In one go: partial_fit, pass by pass, overwrites the averaged biases with the latest ones (scikit-learn 1.9).
    machine.fit(features, targets)
    _copy_weights(machine, model)
    yield Step(1, 1, passes * len(targets), _hinge_loss(machine, features, targets))


def _standardised_features(model: LinearOnFeatures, data: Dataset) -> Matrix:
    """Set the model's mean and std from the training examples; return their features scaled for the solver [n, d]."""
    inputs = data.train.inputs
    matrix = torch.empty(len(inputs), len(model.mean))
    with torch.no_grad():
        for raw, rows in zip(torch.split(inputs, BATCH), torch.split(matrix, BATCH), strict=True):
            rows.copy_(model.features(data.prepare(raw)))
        std, mean = torch.std_mean(matrix, dim=0, correction=0)
        std[std < SMALLEST_STD] = 1.0
        model.mean.copy_(mean)
        model.std.copy_(std)
        matrix -= mean
        matrix /= std * len(mean) ** 0.5
    scaled: Matrix = matrix.numpy()
    return scaled


def _copy_weights(machine: SGDClassifier, model: LinearOnFeatures) -> None:
    """Hand the weights learnt so far to the model, which does not divide features by the root of their number."""
    weights, biases = machine.coef_ / len(model.mean) ** 0.5, machine.intercept_
    if len(weights) == 1:  # two classes: scikit-learn keeps the second's weights alone
        weights, biases = np.concatenate([-weights, weights]), np.concatenate([-biases, biases])
    with torch.no_grad():
        model.classifier.weight.copy_(torch.from_numpy(weights))
        model.classifier.bias.copy_(torch.from_numpy(biases))


def _hinge_loss(machine: SGDClassifier, features: Matrix, targets: NDArray[np.int64]) -> Tensor:
    scores = machine.decision_function(features).reshape(len(targets), -1)
    positive = targets[:, None] == machine.classes_[-scores.shape[1] :]
    return torch.tensor(np.maximum(0.0, 1.0 - np.where(positive, scores, -scores)).mean())
