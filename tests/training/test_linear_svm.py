"""The linear SVM: it minimises what it says, and is a model like any other afterwards."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy.optimize import minimize
from torch import Tensor, nn

from dlbench.data.dataset import Dataset, Examples
from dlbench.errors import InputError
from dlbench.models.hog_linear import hog_linear
from dlbench.models.kmeans_linear import KMeansLinear, kmeans_linear
from dlbench.models.pixels_linear import LinearOnFeatures, pixels_linear
from dlbench.scores.classification_error import classification_error
from dlbench.training.linear_svm import linear_svm
from dlbench.training.step import Step

SIZE = 4


def clouds(classes: int, count: int = 300, spread: float = 40.0, size: int = SIZE, seed: int = 0) -> Dataset:
    """Byte images around one random picture a class."""
    generator = torch.Generator().manual_seed(seed)
    centres = torch.randint(40, 216, (classes, 1, size, size), generator=generator)
    targets = torch.randint(classes, (count,), generator=generator)
    noise = spread * torch.randn(count, 1, size, size, generator=generator)
    images = (centres[targets] + noise).clamp(0, 255).to(torch.uint8)
    names = tuple(map(str, range(classes)))
    return Dataset(Examples(images, targets), None, names, shift=torch.tensor(0.0), scale=torch.tensor(1 / 255))


def fitted(data: Dataset, *, seed: int = 0, **options: float) -> tuple[LinearOnFeatures, list[Step]]:
    model = pixels_linear(classes=len(data.classes), size=data.shape[1], channels=1)
    assert isinstance(model, LinearOnFeatures)
    return model, list(linear_svm(model, data, torch.Generator().manual_seed(seed), **({"C": 1.0} | options)))  # type: ignore[arg-type]


def scaled_features(model: LinearOnFeatures, data: Dataset) -> Tensor:
    """What the solver saw: standardised, mean square length 1."""
    return (model.features(data.prepare(data.train.inputs)) - model.mean) / model.std / len(model.mean) ** 0.5


def test_reaches_the_least_objective() -> None:
    """|w|^2 / 2 + C sum(hinge^2), bias among the weights, first class against the rest, as scipy's L-BFGS does."""
    data, C = clouds(3, spread=120.0), 0.5
    model, steps = fitted(data, C=C, tolerance=1e-6)
    features = scaled_features(model, data).double().numpy()
    points = np.column_stack([features, np.ones(len(features))])
    signs = np.where(data.train.targets.numpy() == 0, 1.0, -1.0)

    def objective(w: np.ndarray) -> float:
        return float(w @ w / 2 + C * np.square(np.maximum(0, 1 - signs * (points @ w))).sum())

    def gradient(w: np.ndarray) -> np.ndarray:
        return w - 2 * C * (signs * np.maximum(0, 1 - signs * (points @ w))) @ points

    weights = model.classifier.weight[0].detach().double().numpy() * len(model.mean) ** 0.5
    ours = np.append(weights, float(model.classifier.bias[0].detach()))
    best = minimize(objective, np.zeros(len(ours)), jac=gradient, method="L-BFGS-B", options={"gtol": 1e-8}).x
    assert objective(best) < 0.9 * objective(np.zeros(len(ours)))
    assert objective(ours) == pytest.approx(objective(best), rel=1e-6)
    np.testing.assert_allclose(ours, best, atol=1e-3)
    assert steps[-1].counts["converged"] == 1.0


def test_says_when_it_did_not_converge() -> None:
    """Counted, and neither printed nor raised: warnings are errors here."""
    _, steps = fitted(clouds(3, spread=120.0), C=100.0, tolerance=1e-9, max_iterations=2)
    assert steps[-1].counts == {"iterations": 2.0, "converged": 0.0}


def test_features_are_standardised_over_the_training_set() -> None:
    data = clouds(3)
    model, _ = fitted(data)
    pixels = (data.train.inputs.double() / 255).flatten(1)
    torch.testing.assert_close(model.mean.double(), pixels.mean(0), atol=1e-6, rtol=1e-5)
    torch.testing.assert_close(model.std.double(), pixels.std(0, correction=0), atol=1e-6, rtol=1e-5)
    length = scaled_features(model, data).square().sum(1).mean()
    assert float(length) == pytest.approx(1.0, rel=1e-4)


def test_a_pixel_that_never_changes_does_no_harm() -> None:
    data = clouds(3)
    data.train.inputs[:, :, 0, 0] = 77
    model, _ = fitted(data)
    assert all(torch.isfinite(value).all() for value in model.state_dict().values())
    assert classification_error(model, data, data.train)["error_percent"] < 5


@pytest.mark.parametrize("classes", [2, 3, 10])
def test_clouds_are_told_apart(classes: int) -> None:
    """Also two classes, for which scikit-learn keeps one row of weights."""
    data = clouds(classes)
    model, steps = fitted(data)
    assert model.classifier.weight.shape[0] == classes
    assert classification_error(model, data, data.train)["error_percent"] < 5
    assert steps[-1].loss < 0.5


def test_loss_is_the_mean_squared_hinge_of_the_model_itself() -> None:
    data = clouds(3, spread=120.0)
    model, steps = fitted(data)
    with torch.no_grad():
        scores = model(data.prepare(data.train.inputs))
    signs = 2.0 * nn.functional.one_hot(data.train.targets, 3) - 1.0
    torch.testing.assert_close(
        steps[-1].loss.float(), (1 - signs * scores).clamp(min=0).square().mean(), rtol=1e-4, atol=1e-5
    )


def test_fits_in_one_step() -> None:
    _, steps = fitted(clouds(3))
    assert [(step.number, step.of, step.examples) for step in steps] == [(1, 1, 300)]


def test_every_class_needs_an_example() -> None:
    data = clouds(3)
    data.train.targets[data.train.targets == 1] = 0
    with pytest.raises(InputError, match="2 of 3 classes have training examples"):
        fitted(data)


def test_the_same_seed_gives_the_same_weights() -> None:
    data = clouds(4, spread=120.0)
    first, second, other = (fitted(data, seed=seed, tolerance=0.1)[0].state_dict() for seed in (0, 0, 1))
    assert all(torch.equal(first[name], second[name]) for name in first)
    assert not torch.equal(first["classifier.weight"], other["classifier.weight"])


def test_learns_from_hog_features() -> None:
    data = clouds(3, count=60, size=16)
    model = hog_linear(classes=3, size=16, channels=1, cells=[4, 8], square_root=True)
    list(linear_svm(model, data, torch.Generator().manual_seed(0), C=1.0))
    assert classification_error(model, data, data.train)["error_percent"] < 5


def test_features_are_learnt_before_they_are_standardised() -> None:
    """From the prepared training images, with the rule's own random numbers."""
    data = clouds(3, count=60, size=16)

    def net() -> KMeansLinear:
        torch.manual_seed(0)
        found = kmeans_linear(classes=3, size=16, channels=1, centroids=12, patches=500, sweeps=3)
        assert isinstance(found, KMeansLinear)
        return found

    taught, alone = net(), net()
    list(linear_svm(taught, data, torch.Generator().manual_seed(0), C=1.0))
    alone.learn_features(data.prepare(data.train.inputs), torch.Generator().manual_seed(0))
    assert torch.equal(taught.centroids, alone.centroids)
    torch.testing.assert_close(taught.mean, taught.features(data.prepare(data.train.inputs)).mean(0))
    assert classification_error(taught, data, data.train)["error_percent"] < 5


def test_features_that_are_not_learnt_draw_no_random_numbers() -> None:
    """So that a fit to pixels or HOG is the one it has always been."""
    generator = torch.Generator().manual_seed(0)
    before = generator.get_state()
    data = clouds(2)
    pixels_linear(classes=2, size=SIZE, channels=1).learn_features(data.prepare(data.train.inputs), generator)  # type: ignore[operator]
    assert torch.equal(generator.get_state(), before)


def test_refuses_a_model_without_features() -> None:
    with pytest.raises(InputError, match=r"fixed features .* not Linear"):
        next(linear_svm(nn.Linear(SIZE**2, 2), clouds(2), torch.Generator(), C=1.0))


@pytest.mark.parametrize("option", ["C", "tolerance", "max_iterations"])
def test_refuses_what_is_not_positive(option: str) -> None:
    with pytest.raises(InputError, match="must be positive"):
        fitted(clouds(2), **{option: 0})
