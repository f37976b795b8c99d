"""Squared error, summed over pixels and averaged over images."""

import pytest
import torch
from torch import nn

from dlbench.data.dataset import Dataset, Examples
from dlbench.scores.reconstruction_error import reconstruction_error


def of_rows(targets: torch.Tensor) -> Dataset:
    examples = Examples(targets, targets)
    return Dataset(examples, None, (), shift=torch.tensor(0.0), scale=torch.tensor(1.0))


def test_by_hand() -> None:
    """Of two images of two pixels: (0.09 + 0.16 + 1 + 0) / 2 from zero, (2 * 0.1225 + 2 * 0.04) / 2 from their mean."""
    data = of_rows(torch.tensor([[0.3, 0.4], [1.0, 0.0]]))
    zero = nn.Linear(2, 2)
    nn.init.zeros_(zero.weight), nn.init.zeros_(zero.bias)
    found = reconstruction_error(zero, data, data.train, output="linear")
    assert found["squared_error"] == pytest.approx(0.625)
    assert found["squared_error_of_mean"] == pytest.approx(0.1625)


def test_a_logistic_output_is_half_where_the_net_says_zero() -> None:
    data = of_rows(torch.tensor([[0.3, 0.4], [1.0, 0.0]]))
    zero = nn.Linear(2, 2)
    nn.init.zeros_(zero.weight), nn.init.zeros_(zero.bias)
    found = reconstruction_error(zero, data, data.train, output="logistic")
    assert found["squared_error"] == pytest.approx((0.04 + 0.01 + 0.25 + 0.25) / 2)


def test_batches_make_no_difference_and_the_mean_is_that_of_training() -> None:
    generator = torch.Generator().manual_seed(0)
    data = of_rows(torch.rand(50, 7, generator=generator))
    others = Examples(*[torch.rand(23, 7, generator=generator)] * 2)
    net = nn.Linear(7, 7)
    whole, parts = (reconstruction_error(net, data, others, output="linear", batch_size=size) for size in (100, 4))
    assert parts == pytest.approx(whole)
    wanted = (others.targets - data.train.targets.mean(0)).square().sum(1).mean()
    assert whole["squared_error_of_mean"] == pytest.approx(float(wanted))


def test_nothing_to_score() -> None:
    data = of_rows(torch.rand(5, 2))
    with pytest.raises(ValueError, match="no examples"):
        reconstruction_error(nn.Linear(2, 2), data, Examples(torch.rand(0, 2), torch.rand(0, 2)), output="linear")
