"""The support vector machine: its model says what scikit-learn's machine says, and minimises what it promises."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from sklearn.datasets import load_digits
from sklearn.svm import SVC
from torch import nn

from dlbench.data.dataset import Dataset, Examples
from dlbench.errors import InputError
from dlbench.models.support_vectors import SupportVectors, support_vectors
from dlbench.scores.classification_error import classification_error
from dlbench.training.svm import svm

KERNELS: list[dict[str, Any]] = [
    {"kernel": "linear"},
    {"kernel": "polynomial", "degree": 4, "gamma": 0.5},
    {"kernel": "rbf", "gamma": 2.0},
]


def digits(count: int = 400, classes: int = 10) -> Dataset:
    images, targets = (torch.from_numpy(array) for array in load_digits(n_class=classes, return_X_y=True))
    pixels = (images.view(-1, 1, 8, 8) * 15).to(torch.uint8)
    train, test = Examples(pixels[:count], targets[:count]), Examples(pixels[-300:], targets[-300:])
    names = tuple(map(str, range(classes)))
    return Dataset(train, test, names, shift=torch.tensor(100.0), scale=torch.tensor(1 / 90))


def fitted(data: Dataset, C: float = 2.0, **kernel: Any) -> tuple[SupportVectors, dict[str, Any]]:
    model = support_vectors(inputs=64, classes=len(data.classes), **kernel)
    assert isinstance(model, SupportVectors)
    (step,) = svm(model, data, torch.Generator(), C=C)
    return model, {"loss": float(step.loss), **step.counts}


def oracle(data: Dataset, C: float = 2.0, *, kernel: str, degree: int = 3, gamma: float = 1.0) -> Any:
    """scikit-learn on the prepared rows themselves, the scale in its gamma."""
    rows = data.prepare(data.train.inputs).flatten(1).double().numpy()
    scale = 1 / np.square(rows).sum(1).mean()
    name = {"linear": "poly", "polynomial": "poly", "rbf": "rbf"}[kernel]
    degree, offset = (1, 0.0) if kernel == "linear" else (degree, 1.0)
    machine = SVC(C=C, kernel=name, degree=degree, coef0=offset, gamma=gamma * scale, break_ties=True)
    return machine.fit(rows, data.train.targets.numpy())


@pytest.mark.parametrize("kernel", KERNELS, ids=lambda kernel: kernel["kernel"])
def test_the_model_scores_as_scikit_learn_does(kernel: dict[str, Any]) -> None:
    data = digits()
    model, counts = fitted(data, **kernel)
    machine = oracle(data, **kernel)
    assert data.test is not None
    inputs = data.prepare(data.test.inputs)
    rows = inputs.flatten(1).double().numpy()
    alike = np.abs(model(inputs).numpy() - machine.decision_function(rows)).max(axis=1) < 2e-3
    assert alike.mean() > 0.99, "all but a rare pair that is decided by rounding"
    machine.set_params(decision_function_shape="ovo", break_ties=False)
    np.testing.assert_allclose(model.margins(model.rows(inputs)).numpy(), machine.decision_function(rows), atol=2e-3)
    assert counts["support_vectors"] == pytest.approx(len(machine.support_), abs=2)
    assert counts["converged"] == 1.0
    assert counts["loss"] == pytest.approx(counts["support_vectors"] / 400)


@pytest.mark.parametrize("kernel", KERNELS, ids=lambda kernel: kernel["kernel"])
def test_two_classes(kernel: dict[str, Any]) -> None:
    """Of which scikit-learn takes the second as positive, and of more the first."""
    data = digits(150, classes=2)
    model, _ = fitted(data, **kernel)
    assert classification_error(model, data, data.train)["error_percent"] == 0.0
    expected = oracle(data, **kernel).decision_function(data.prepare(data.train.inputs).flatten(1).double().numpy())
    rows = model.rows(data.prepare(data.train.inputs))
    np.testing.assert_allclose(model.margins(rows)[:, 0].numpy(), -expected, atol=2e-3)


def test_the_order_of_the_pixels_is_nothing_to_it() -> None:
    data, order = digits(), torch.randperm(64)

    def moved(examples: Examples | None) -> Examples:
        assert examples is not None
        return Examples(examples.inputs.flatten(1)[:, order].view(-1, 1, 8, 8), examples.targets)

    shuffled = Dataset(moved(data.train), moved(data.test), data.classes, data.shift, data.scale)
    errors = [
        classification_error(fitted(each, **KERNELS[1])[0], each, each.test)["error_percent"]  # type: ignore[arg-type]
        for each in (data, shuffled)
    ]
    assert errors[0] == pytest.approx(errors[1], abs=0.34), "one of 300, for rounding"
    assert 0 < errors[0] < 15


def test_it_says_when_it_did_not_converge() -> None:
    """Counted, and neither printed nor raised: warnings are errors here."""
    model = support_vectors(kernel="rbf", inputs=64)
    (step,) = svm(model, digits(), torch.Generator(), C=10.0, max_iterations=2)
    assert step.counts["converged"] == 0.0


def test_before_it_is_fitted_it_has_no_parameters_and_votes_blindly() -> None:
    model = support_vectors(kernel="linear", inputs=64)
    assert sum(parameter.numel() for parameter in model.parameters()) == 0
    assert model(torch.randn(2, 1, 8, 8)).shape == (2, 10)


@pytest.mark.parametrize("change", [{"C": 0.0}, {"tolerance": 0.0}])
def test_refuses_what_is_not_positive(change: dict[str, float]) -> None:
    model = support_vectors(kernel="linear", inputs=64)
    with pytest.raises(InputError, match="must be positive"):
        next(svm(model, digits(), torch.Generator(), **({"C": 1.0} | change)))


def test_refuses_other_models_and_lacking_classes() -> None:
    with pytest.raises(InputError, match=r"not Linear"):
        next(svm(nn.Linear(64, 10), digits(), torch.Generator(), C=1.0))
    with pytest.raises(InputError, match="5 of 10 classes"):
        next(svm(support_vectors(kernel="linear", inputs=64), digits(5), torch.Generator(), C=1.0))
    with pytest.raises(InputError, match="must be positive"):
        support_vectors(kernel="rbf", gamma=0.0)
