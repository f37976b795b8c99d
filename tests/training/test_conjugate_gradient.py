"""Conjugate gradients: exact where they must be, and never uphill."""

from __future__ import annotations

import itertools

import pytest
import torch
from torch import nn

from dlbench.data.dataset import Dataset, Examples
from dlbench.errors import InputError
from dlbench.models.deep_autoencoder import deep_autoencoder
from dlbench.training.checkpoint import Checkpoint
from dlbench.training.conjugate_gradient import conjugate_gradient, search
from dlbench.training.copies import Copies


def rows(count: int = 60) -> Dataset:
    generator = torch.Generator().manual_seed(0)
    inputs = torch.rand(count, 6, generator=generator)
    targets = (inputs @ torch.rand(6, 3, generator=generator) - 1.0).sigmoid()
    return Dataset(Examples(inputs, targets), None, (), shift=torch.tensor(0.0), scale=torch.tensor(1.0))


def test_reaches_least_squares() -> None:
    """On a quadratic in 21 unknowns, conjugate directions end at the minimum that linear algebra gives."""
    torch.manual_seed(0)
    data, unit = rows(), nn.Linear(6, 3)
    for _ in range(3):
        search(unit, data.train.inputs, data.train.targets, 30, "squared_error")
    points = torch.cat([data.train.inputs, torch.ones(60, 1)], 1)
    best = torch.linalg.lstsq(points, data.train.targets).solution
    torch.testing.assert_close(torch.cat([unit.weight.T, unit.bias[None]]).detach(), best, atol=2e-3, rtol=0)


def test_each_batch_ends_lower_than_it_began() -> None:
    torch.manual_seed(0)
    data, model = rows(), deep_autoencoder(sizes=[6, 8, 2])
    inputs = data.train.inputs
    data = Dataset(Examples(inputs, inputs), None, (), data.shift, data.scale)
    before = float(nn.functional.binary_cross_entropy_with_logits(model(inputs), inputs).detach()) * 6
    steps = list(
        conjugate_gradient(model, data, torch.Generator(), epochs=5, batch_size=60, loss="binary_cross_entropy")
    )
    losses = [before, *(float(step.loss) for step in steps)]
    assert all(later <= earlier for earlier, later in itertools.pairwise(losses))
    assert losses[-1] < before - 0.03
    assert [(step.number, step.of, step.examples) for step in steps] == [(n, 5, 60) for n in range(1, 6)]


def test_leaves_a_plateau_that_is_flatter_than_single_precision_shows() -> None:
    """Near the mean of the targets twelve batches of three line searches go on downhill; rounded ones stop there."""
    torch.manual_seed(0)
    inputs, model = rows().train.inputs, deep_autoencoder(sizes=[6, 8, 2])
    losses = [float(search(model, inputs, inputs, 3, "binary_cross_entropy")) for _ in range(10)]
    assert losses[1] > 4.1403, "the plateau"
    assert losses[-1] < 4.0


def test_the_loss_is_that_of_the_weights_it_leaves() -> None:
    torch.manual_seed(0)
    data, unit = rows(), nn.Linear(6, 3)
    told = search(unit, data.train.inputs, data.train.targets, 2, "squared_error")
    left = 0.5 * (unit(data.train.inputs) - data.train.targets).square().sum(1).mean()
    torch.testing.assert_close(told.float(), left.detach())


def test_goes_on_to_the_same_weights_where_it_was_cut_short() -> None:
    def taught(checkpoint: Checkpoint, steps: int | None, seed: int) -> nn.Module:
        torch.manual_seed(seed)
        unit, generator = nn.Linear(6, 3), torch.Generator().manual_seed(0)
        checkpoint.watch(model=unit, generator=generator)
        rule = conjugate_gradient(
            unit, rows(), generator, epochs=2, batch_size=20, loss="squared_error", checkpoint=checkpoint
        )
        list(itertools.islice(rule, steps))
        return unit

    first = Checkpoint()
    taught(first, 4, seed=0)
    whole, again = taught(Checkpoint(), None, seed=0), taught(Checkpoint(first.state(4)), None, seed=1)
    assert all(torch.equal(value, whole.state_dict()[name]) for name, value in again.state_dict().items())


def test_copies_cannot_share_a_line_search() -> None:
    copies = Copies([nn.Linear(6, 3), nn.Linear(6, 3)])
    with pytest.raises(InputError, match="one net at a time"):
        list(conjugate_gradient(copies, rows(), torch.Generator(), epochs=1, loss="squared_error"))


def test_at_least_one_line_search() -> None:
    with pytest.raises(InputError, match="at least one line search"):
        list(conjugate_gradient(nn.Linear(6, 3), rows(), torch.Generator(), epochs=1, line_searches=0))
