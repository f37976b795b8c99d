"""The minimum of LIBLINEAR, by gradient descent in the primal."""

import numpy as np
import pytest
import torch
from sklearn.svm import LinearSVC
from torch import Tensor, nn

from dlbench.data.dataset import Dataset, Examples
from dlbench.errors import InputError
from dlbench.models.kmeans_linear import KMeansLinear, kmeans_linear
from dlbench.models.pixels_linear import LinearOnFeatures, pixels_linear
from dlbench.scores.classification_error import classification_error
from dlbench.training.primal_svm import Problem, primal_svm
from dlbench.training.step import Step

SIZE = 5


def clouds(classes: int, count: int = 60, spread: float = 60.0, size: int = SIZE) -> Dataset:
    """`count` noisy pictures of each class, in bytes."""
    generator = torch.Generator().manual_seed(0)
    centres = 255 * torch.rand(classes, 1, size, size, generator=generator)
    targets = torch.arange(classes).repeat_interleave(count)
    noise = spread * torch.randn(len(targets), 1, size, size, generator=generator)
    inputs = (centres[targets] + noise).clamp(0, 255).byte()
    names = tuple(map(str, range(classes)))
    return Dataset(Examples(inputs, targets), None, names, shift=torch.zeros(1), scale=torch.tensor([255.0]))


def fitted(data: Dataset, **options: float) -> tuple[LinearOnFeatures, list[Step]]:
    model = pixels_linear(classes=len(data.classes), size=SIZE, channels=1)
    assert isinstance(model, LinearOnFeatures)
    return model, list(primal_svm(model, data, torch.Generator(), **{"C": 0.1} | options))  # type: ignore[arg-type]


def pixels(data: Dataset) -> Tensor:
    return data.prepare(data.train.inputs).double().flatten(1)


@pytest.mark.parametrize("classes", [2, 3])
def test_finds_the_weights_that_liblinear_finds(classes: int) -> None:
    data = clouds(classes)
    model, steps = fitted(data, tolerance=1e-9)
    centred = pixels(data) - pixels(data).mean(0)
    length = centred.square().sum(1).mean().sqrt()
    for label in range(classes):
        machine = LinearSVC(C=0.1, tol=1e-8, max_iter=100_000, random_state=0)
        machine.fit((centred / length).numpy(), data.train.targets.numpy() == label)
        np.testing.assert_allclose(model.classifier.weight[label].detach().numpy(), machine.coef_[0], atol=1e-3)
        assert model.classifier.bias[label].item() == pytest.approx(machine.intercept_[0], abs=1e-3)
    assert steps[0].counts["converged"] == 1.0


def test_the_gradient_is_the_objective_s() -> None:
    features = torch.randn(20, 4, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    signs = 2.0 * nn.functional.one_hot(torch.arange(20) % 3, 3).double() - 1
    problem = Problem(features, signs, C=0.7)
    place = np.random.default_rng(0).normal(size=problem.size)
    value, gradient = problem(place)
    nudges = 1e-6 * np.eye(problem.size)
    measured = [(problem(place + nudge)[0] - problem(place - nudge)[0]) / 2e-6 for nudge in nudges]
    np.testing.assert_allclose(gradient, measured, rtol=1e-5, atol=1e-5)
    assert value > 0


def test_features_keep_their_proportions() -> None:
    """One number divides them all, and their mean square length is 1."""
    data = clouds(3)
    model, _ = fitted(data)
    assert len(model.std.unique()) == 1
    scaled = (pixels(data) - model.mean) / model.std
    torch.testing.assert_close(scaled.mean(0), torch.zeros_like(scaled[0]), atol=1e-5, rtol=0)
    assert float(scaled.square().sum(1).mean()) == pytest.approx(1.0, rel=1e-4)


def test_loss_is_the_mean_squared_hinge_of_the_model_itself() -> None:
    data = clouds(3, spread=120.0)
    model, steps = fitted(data)
    with torch.no_grad():
        scores = model(data.prepare(data.train.inputs))
    signs = 2.0 * nn.functional.one_hot(data.train.targets, 3) - 1.0
    torch.testing.assert_close(steps[-1].loss, (1 - signs * scores).clamp(min=0).square().mean(), rtol=1e-4, atol=1e-5)
    assert [(step.number, step.of, step.examples) for step in steps] == [(1, 1, 180)]


def test_says_that_it_was_cut_short() -> None:
    _, steps = fitted(clouds(3), max_iterations=2, tolerance=1e-9)
    assert steps[0].counts == {"iterations": 2.0, "converged": 0.0}


def test_features_are_learnt_with_the_rule_s_own_random_numbers() -> None:
    data = clouds(3, count=30, size=16)

    def net() -> KMeansLinear:
        torch.manual_seed(0)
        found = kmeans_linear(classes=3, size=16, channels=1, centroids=12, patches=500, sweeps=3)
        assert isinstance(found, KMeansLinear)
        return found

    taught, alone = net(), net()
    list(primal_svm(taught, data, torch.Generator().manual_seed(0), C=1.0))
    alone.learn_features(data.prepare(data.train.inputs), torch.Generator().manual_seed(0))
    assert torch.equal(taught.centroids, alone.centroids)
    assert classification_error(taught, data, data.train)["error_percent"] < 5


def test_refuses_a_model_without_features_and_a_class_without_examples() -> None:
    with pytest.raises(InputError, match=r"fixed features .* not Linear"):
        next(primal_svm(nn.Linear(SIZE**2, 2), clouds(2), torch.Generator(), C=1.0))
    data = clouds(3)
    data.train.targets[data.train.targets == 1] = 0
    with pytest.raises(InputError, match="2 of 3 classes have training examples"):
        fitted(data)


@pytest.mark.parametrize("option", ["C", "tolerance", "max_iterations"])
def test_refuses_what_is_not_positive(option: str) -> None:
    with pytest.raises(InputError, match="must be positive"):
        fitted(clouds(2), **{option: 0})
