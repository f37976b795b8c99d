"""Principal components against scikit-learn's, and against the figure of 2006."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from sklearn.decomposition import PCA
from torch import nn

from dlbench.data.reconstruction import reconstruction
from dlbench.errors import InputError
from dlbench.models.principal_subspace import PrincipalSubspace, principal_subspace
from dlbench.scores.reconstruction_error import reconstruction_error
from dlbench.training.pca import pca


def test_finds_the_plane_that_scikit_learn_finds(tmp_path: Path) -> None:
    data = reconstruction(tmp_path, of="digits")
    plane = principal_subspace(components=10)
    assert isinstance(plane, PrincipalSubspace)
    (step,) = pca(plane, data, torch.Generator())
    points = data.train.targets.double().numpy()
    oracle = PCA(10, svd_solver="full").fit(points)
    again = torch.from_numpy(oracle.inverse_transform(oracle.transform(points)))
    with torch.no_grad():
        torch.testing.assert_close(plane(data.prepare(data.train.inputs)).double(), again, atol=1e-5, rtol=0)
    torch.testing.assert_close((plane.directions @ plane.directions.T).detach(), torch.eye(10), atol=1e-5, rtol=0)
    error = reconstruction_error(plane, data, data.train, output="linear")
    assert error["squared_error"] == pytest.approx(float(step.loss), rel=1e-4)
    assert (step.number, step.of, step.examples) == (1, 1, 1297)


def test_thirty_components_of_mnist(real_data: Path) -> None:
    """Hinton and Salakhutdinov 2006, Figure 2: 13.87 from 60,000 images; from 10,000 little more."""
    data, plane = reconstruction(real_data, train_examples=10_000), principal_subspace()
    assert data.test is not None
    list(pca(plane, data, torch.Generator()))
    assert reconstruction_error(plane, data, data.test, output="linear")["squared_error"] == pytest.approx(
        13.87, abs=0.4
    )


def test_refuses_other_models(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="principal_subspace, not Linear"):
        list(pca(nn.Linear(2, 2), reconstruction(tmp_path, of="digits", train_examples=5), torch.Generator()))
