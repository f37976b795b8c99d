"""Principal components analysis: the plane that lies closest to the data. Pearson 1901; Hotelling 1933."""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import Tensor, nn

from dlbench.data.dataset import Dataset
from dlbench.errors import InputError
from dlbench.models.principal_subspace import PrincipalSubspace
from dlbench.training.step import Step

BATCH = 10_000


def pca(model: nn.Module, data: Dataset, generator: torch.Generator) -> Iterator[Step]:
    """Take the eigenvectors of the training images' covariance with the largest eigenvalues, in double precision.

    Exact, so the generator is not used. Yields a single step, whose loss is the sum of the other eigenvalues: the mean
    squared distance of a training image from the plane. Raises InputError unless the model is a principal_subspace.
    """
    if not isinstance(model, PrincipalSubspace):
        raise InputError(f"pca: fits the model principal_subspace, not {type(model).__name__}")
    mean, covariance = _moments(data)
    eigenvalues, eigenvectors = torch.linalg.eigh(covariance)  # ascending
    components = len(model.directions)
    with torch.no_grad():
        model.mean.copy_(mean)
        model.directions.copy_(eigenvectors[:, -components:].T.flip(0))
    yield Step(1, 1, len(data.train), eigenvalues[:-components].sum())


def _moments(data: Dataset) -> tuple[Tensor, Tensor]:
    """Mean [d] and covariance [d, d] of the prepared training images, float64, over n and not n - 1."""
    size = data.train.inputs[0].numel()
    first = torch.zeros(size, dtype=torch.float64, device=data.train.inputs.device)
    second = torch.zeros(size, size, dtype=torch.float64, device=data.train.inputs.device)
    for raw in torch.split(data.train.inputs, BATCH):
        images = data.prepare(raw).flatten(start_dim=1).double()
        first += images.sum(0)
        second += images.T @ images
    mean = first / len(data.train)
    return mean, second / len(data.train) - mean.outer(mean)
