"""The weights of Nature's Fig. 1, and weights that are not."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from dlbench.data.truth_table import truth_table
from dlbench.models.mlp import mlp
from dlbench.scores.symmetry_weights import asymmetry, ratio_deviation, symmetry_weights

DATA = truth_table(Path(), function="symmetry", inputs=6)
ONE_TWO_FOUR = torch.tensor([[4.0, -1.0, 2.0, -2.0, 1.0, -4.0], [-4.0, 1.0, -2.0, 2.0, -1.0, 4.0]])


def net(hidden: torch.Tensor) -> torch.nn.Module:
    """Units that stay off for a symmetric input, one of which is on for every other."""
    model = mlp(sizes=[6, 2, 1], output="logistic")
    with torch.no_grad():
        model.get_parameter("hidden1.weight").copy_(10 * hidden)
        model.get_parameter("hidden1.bias").fill_(-5.0)
        model.get_parameter("output.weight").fill_(-20.0)
        model.get_parameter("output.bias").fill_(10.0)
    return model


def test_the_papers_weights_are_recognised_and_detect_symmetry() -> None:
    found = symmetry_weights(net(ONE_TWO_FOUR), DATA, DATA.train)
    assert (found["right"], found["solved"], found["solved_as_drawn"]) == (64.0, 1.0, 1.0)
    assert found["asymmetry_percent"] == found["ratio_deviation_points"] == pytest.approx(0.0, abs=1e-4)


def test_weights_that_solve_it_otherwise_are_told_apart() -> None:
    other = ONE_TWO_FOUR.clone()
    other[:, [0, 5]] *= 2  # 8 : 1 : 2 tells all inputs apart as well
    found = symmetry_weights(net(other), DATA, DATA.train)
    assert (found["solved"], found["solved_as_drawn"]) == (1.0, 0.0)
    assert found["ratio_deviation_points"] == pytest.approx(100 * (8 / 11 - 4 / 7), abs=1e-3)


def test_asymmetry_and_ratio_by_hand() -> None:
    weights = torch.tensor([[4.0, 1.0, 2.0, -2.0, -1.0, -3.0], [1.0, 1.0, 1.0, -1.0, -1.0, -1.0]])
    assert asymmetry(weights).tolist() == [0.25, 0.0]
    assert float(ratio_deviation(weights)[1]) == pytest.approx(4 / 7 - 1 / 3)
