"""A machine for each class against the rest: what it says is what scikit-learn's machines say."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from sklearn.datasets import load_digits
from sklearn.multiclass import OneVsRestClassifier
from sklearn.svm import SVC
from torch import nn

from dlbench.data.dataset import Dataset, Examples
from dlbench.errors import InputError
from dlbench.models.support_vectors_1995 import SupportVectors1995, support_vectors_1995
from dlbench.scores.classification_error import classification_error
from dlbench.training.svm_1995 import svm_1995


def digits(count: int = 400) -> Dataset:
    images, targets = (torch.from_numpy(array) for array in load_digits(return_X_y=True))
    pixels = (images.view(-1, 1, 8, 8) * 15).to(torch.uint8)
    train, test = Examples(pixels[:count], targets[:count]), Examples(pixels[-300:], targets[-300:])
    return Dataset(train, test, tuple("0123456789"), shift=torch.tensor(120.0), scale=torch.tensor(1 / 120))


def fitted(data: Dataset, degree: int = 3) -> tuple[SupportVectors1995, dict[str, float]]:
    model = support_vectors_1995(inputs=64, degree=degree)
    assert isinstance(model, SupportVectors1995)
    (step,) = svm_1995(model, data, torch.Generator(), C=2.0)
    return model, {"loss": float(step.loss), **step.counts}


@pytest.mark.parametrize("degree", [1, 4])
def test_it_says_what_scikit_learn_s_machines_say(degree: int) -> None:
    data = digits()
    model, counts = fitted(data, degree)
    train, test = (data.prepare(part.inputs).flatten(1).double().numpy() for part in (data.train, data.test))  # type: ignore[union-attr]
    train, test = train - train.mean(0), test - train.mean(0)
    gamma = 1 / np.square(train).sum(1).mean()
    oracle = OneVsRestClassifier(SVC(C=2.0, kernel="poly", degree=degree, gamma=gamma, coef0=1.0))
    oracle.fit(train, data.train.targets.numpy())
    assert data.test is not None
    np.testing.assert_allclose(model(data.prepare(data.test.inputs)).numpy(), oracle.decision_function(test), atol=0.01)
    owned = [set(machine.support_) for machine in oracle.estimators_]
    assert counts["support_vectors"] == pytest.approx(len(set.union(*owned)), abs=3)
    assert counts["loss"] == pytest.approx(np.mean([len(own) for own in owned]) / 400, abs=0.002)
    assert 0 < classification_error(model, data, data.test)["error_percent"] < 15


def test_where_the_background_lies_is_nothing_to_it() -> None:
    data = digits()
    moved = replace(data, shift=torch.tensor(0.0))
    says = [fitted(one)[0](one.prepare(one.train.inputs)) for one in (data, moved)]
    torch.testing.assert_close(*says, atol=0.01, rtol=0)


def test_refuses_other_models_lacking_classes_and_what_is_not_positive() -> None:
    with pytest.raises(InputError, match=r"not Linear"):
        next(svm_1995(nn.Linear(64, 10), digits(), torch.Generator(), C=1.0))
    with pytest.raises(InputError, match="5 of 10 classes"):
        next(svm_1995(support_vectors_1995(inputs=64), digits(5), torch.Generator(), C=1.0))
    for change in ({"C": 0.0}, {"tolerance": 0.0}):
        with pytest.raises(InputError, match="must be positive"):
            next(svm_1995(support_vectors_1995(inputs=64), digits(), torch.Generator(), **({"C": 1.0} | change)))
    with pytest.raises(InputError, match="must be positive"):
        support_vectors_1995(degree=0)
