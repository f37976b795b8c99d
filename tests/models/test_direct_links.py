"""XOR with one hidden unit: 7 parameters (Rumelhart et al. 1986, chapter 8), and weights that solve it."""

from collections.abc import Callable

import pytest
import torch
from torch import Tensor

from dlbench.models.direct_links import direct_links


def test_seven_parameters() -> None:
    assert sum(weights.numel() for weights in direct_links().parameters()) == 7
    assert sum(weights.numel() for weights in direct_links(inputs=3, hidden=2).parameters()) == 3 * 2 + 2 + 5 + 1


def test_a_hidden_unit_that_finds_both_makes_xor() -> None:
    net = direct_links()
    with torch.no_grad():
        net.get_parameter("hidden.weight").fill_(20.0)
        net.get_parameter("hidden.bias").fill_(-30.0)  # AND
        net.get_parameter("output.weight").copy_(torch.tensor([[20.0, 20.0, -40.0]]))
        net.get_parameter("output.bias").fill_(-10.0)
    rows = torch.tensor([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]])
    assert net(rows).flatten().tolist() == pytest.approx([0, 1, 1, 0], abs=1e-3)


def test_weights_and_biases_start_uniform(assert_uniform: Callable[[Tensor, float], None]) -> None:
    torch.manual_seed(0)
    for weights in direct_links(inputs=60, hidden=50, init_range=0.4).parameters():
        assert_uniform(weights, 0.4) if weights.numel() > 1 else None
