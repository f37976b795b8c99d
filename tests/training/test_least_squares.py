"""The output layer by least squares, against scikit-learn and numpy."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from sklearn.linear_model import LinearRegression

from dlbench.data.dataset import Dataset
from dlbench.data.target_function import target_function
from dlbench.data.truth_table import truth_table
from dlbench.errors import InputError
from dlbench.models.mlp import mlp
from dlbench.training.least_squares import least_squares


def wave(points: int = 100) -> Dataset:
    return target_function(Path(), function="wave", train_points=points, test_points=50)


def test_the_fit_is_that_of_scikit_learn_and_the_hidden_layer_stays() -> None:
    torch.manual_seed(0)
    data, model = wave(), mlp(sizes=[1, 5, 1], init_range=5.0)
    before = model.get_parameter("hidden1.weight").clone()
    (step,) = least_squares(model, data, torch.Generator(), cutoff=1e-12)
    with torch.no_grad():
        features = torch.sigmoid(model.get_submodule("hidden1")(data.train.inputs)).double().numpy()
        outputs = model(data.train.inputs)[:, 0].numpy()
    fit = LinearRegression().fit(features, data.train.targets.numpy())
    assert np.allclose(outputs, fit.predict(features), atol=2e-3)  # float32 weights
    assert torch.equal(before, model.get_parameter("hidden1.weight"))
    assert float(step.loss) == pytest.approx(0.5 * np.mean((outputs - data.train.targets.numpy()) ** 2), abs=1e-4)


@pytest.mark.parametrize("units", [4, 64])
def test_cubic_units_give_the_best_cubic_and_never_more(units: int) -> None:
    """Leshno et al. 1993: sums of polynomials of degree 3 are polynomials of degree 3."""
    torch.manual_seed(1)
    data, model = wave(), mlp(sizes=[1, units, 1], activation="cubic", init_range=1.0)
    next(least_squares(model, data, torch.Generator()))
    x, y = data.train.inputs[:, 0].double().numpy(), data.train.targets.double().numpy()
    best = np.polynomial.Polynomial.fit(x, y, 3)
    with torch.no_grad():
        assert np.allclose(model(data.train.inputs)[:, 0], best(x), atol=2e-3)


def test_refuses_classes_and_nets_without_a_linear_output() -> None:
    with pytest.raises(InputError, match="fits values"):
        next(least_squares(mlp(sizes=[2, 3, 1]), truth_table(Path(), function="xor"), torch.Generator()))
    with pytest.raises(InputError, match="fits values"):
        next(least_squares(torch.nn.Sequential(torch.nn.Linear(1, 1)), wave(), torch.Generator()))
