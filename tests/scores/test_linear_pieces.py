"""Straight pieces counted exactly, against a net's bends worked out by hand and seen on a fine grid."""

from __future__ import annotations

from itertools import pairwise

import pytest
import torch

from dlbench.models.mlp import mlp
from dlbench.scores.linear_pieces import slopes_of


def test_a_tent_by_hand() -> None:
    """relu(x) - 2 relu(x - 1/2): up at slope 1, then down at slope -1."""
    net = mlp(sizes=[1, 2, 1], activation="relu")
    with torch.no_grad():
        net.get_parameter("hidden1.weight").fill_(1.0)
        net.get_parameter("hidden1.bias").copy_(torch.tensor([0.0, -0.5]))
        net.get_parameter("output.weight").copy_(torch.tensor([[1.0, -2.0]]))
        net.get_parameter("output.bias").fill_(3.0)
    assert slopes_of(net.double()).tolist() == [1.0, -1.0]


@pytest.mark.parametrize("seed", range(10))
@pytest.mark.parametrize("sizes", [[1, 8, 1], [1, 6, 5, 1], [1, 4, 4, 4, 1]])
def test_random_nets_have_the_slopes_seen_on_a_fine_grid(seed: int, sizes: list[int]) -> None:
    torch.manual_seed(seed)
    net = mlp(sizes=sizes, activation="relu", init_range=1.0).double()
    slopes = slopes_of(net)
    x = torch.linspace(0, 1, 20_001, dtype=torch.float64)[:, None]
    with torch.no_grad():
        seen = (net(x)[:, 0].diff() * 20_000).tolist()
    straight = [one for one, other in pairwise(seen) if abs(one - other) < 1e-6]  # no bend in the cell
    distinct = [*straight[:1], *(other for one, other in pairwise(straight) if abs(one - other) > 1e-6)]
    assert slopes.tolist() == pytest.approx(distinct, abs=1e-6)
    if len(sizes) == 3:
        assert len(slopes) <= sizes[1] + 1


def test_logistic_units_have_no_pieces() -> None:
    with pytest.raises(ValueError, match="Sigmoid is not linear"):
        slopes_of(mlp(sizes=[1, 2, 1]).double())
