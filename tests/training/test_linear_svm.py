"""The linear SVM against scikit-learn's exact solver, and as a model like any other afterwards."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from sklearn.svm import SVC
from torch import Tensor, nn

from dlbench.data.dataset import Dataset, Examples
from dlbench.errors import InputError
from dlbench.models.hog_linear import hog_linear
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


def fitted(data: Dataset, *, C: float = 1.0, passes: int = 5, seed: int = 0) -> tuple[LinearOnFeatures, list[Step]]:
    model = pixels_linear(classes=len(data.classes), size=data.shape[1], channels=1)
    assert isinstance(model, LinearOnFeatures)
    return model, list(linear_svm(model, data, torch.Generator().manual_seed(seed), C=C, passes=passes))


def scaled_features(model: LinearOnFeatures, data: Dataset) -> Tensor:
    """What the solver saw: standardised, mean square length 1."""
    return (model.features(data.prepare(data.train.inputs)) - model.mean) / model.std / len(model.mean) ** 0.5


def test_objective_is_close_to_the_exact_solver() -> None:
    """|w|^2 / 2 + C sum(hinge) of the first class against the rest, next to LIBSVM's dual solution."""
    data, C = clouds(3, spread=120.0), 0.5
    model, _ = fitted(data, C=C, passes=300)
    features = scaled_features(model, data).double().numpy()
    signs = np.where(data.train.targets.numpy() == 0, 1.0, -1.0)

    def objective(weights: np.ndarray, bias: float) -> float:
        return float(weights @ weights / 2 + C * np.maximum(0, 1 - signs * (features @ weights + bias)).sum())

    ours = model.classifier.weight[0].detach().double().numpy() * len(model.mean) ** 0.5
    exact = SVC(kernel="linear", C=C, tol=1e-6).fit(features, signs)
    best = objective(exact.coef_[0], float(exact.intercept_[0]))
    assert best < 0.95 * objective(np.zeros(features.shape[1]), 0.0)
    assert objective(ours, float(model.classifier.bias[0].detach())) < 1.02 * best


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
    model, steps = fitted(data, passes=10)
    assert model.classifier.weight.shape[0] == classes
    assert classification_error(model, data, data.train)["error_percent"] < 5
    assert steps[-1].loss < 0.5


def test_loss_is_the_mean_hinge_loss_of_the_model_itself() -> None:
    data = clouds(3, spread=120.0)
    model, steps = fitted(data)
    with torch.no_grad():
        scores = model(data.prepare(data.train.inputs))
    signs = 2.0 * nn.functional.one_hot(data.train.targets, 3) - 1.0
    torch.testing.assert_close(steps[-1].loss.float(), (1 - signs * scores).clamp(min=0).mean(), rtol=1e-4, atol=1e-5)


def test_all_passes_are_one_step() -> None:
    _, steps = fitted(clouds(3), passes=4)
    assert [(step.number, step.of, step.examples) for step in steps] == [(1, 1, 4 * 300)]


def test_every_class_needs_an_example() -> None:
    data = clouds(3)
    data.train.targets[data.train.targets == 1] = 0
    with pytest.raises(InputError, match="2 of 3 classes have training examples"):
        fitted(data)


def test_the_same_seed_gives_the_same_weights_with_any_number_of_threads() -> None:
    data, before = clouds(4, spread=120.0), torch.get_num_threads()
    try:
        found = []
        for threads, seed in ((1, 0), (2, 0), (1, 1)):
            torch.set_num_threads(threads)
            found.append(fitted(data, seed=seed)[0].state_dict())
    finally:
        torch.set_num_threads(before)
    first, threaded, other = found
    assert all(torch.equal(first[name], threaded[name]) for name in first)
    assert not torch.equal(first["classifier.weight"], other["classifier.weight"])


def test_learns_from_hog_features() -> None:
    data = clouds(3, count=60, size=16)
    model = hog_linear(classes=3, size=16, channels=1, cells=[4, 8], square_root=True)
    list(linear_svm(model, data, torch.Generator().manual_seed(0), C=1.0, passes=5))
    assert classification_error(model, data, data.train)["error_percent"] < 5


def test_refuses_a_model_without_features() -> None:
    with pytest.raises(InputError, match=r"fixed features .* not Linear"):
        next(linear_svm(nn.Linear(SIZE**2, 2), clouds(2), torch.Generator(), C=1.0, passes=1))


@pytest.mark.parametrize(("C", "passes"), [(0.0, 1), (-1.0, 1), (1.0, 0)])
def test_refuses_what_is_not_positive(C: float, passes: int) -> None:
    with pytest.raises(InputError, match="both must be positive"):
        fitted(clouds(2), C=C, passes=passes)
