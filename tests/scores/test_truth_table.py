"""Reading one output unit against a truth table."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from torch import nn

from dlbench.data.truth_table import truth_table as rows_of
from dlbench.models.perceptron import perceptron
from dlbench.scores.truth_table import truth_table


def unit(weights: list[float], bias: float) -> nn.Module:
    model = perceptron(inputs=len(weights))
    with torch.no_grad():
        model.get_parameter("weight").copy_(torch.tensor([weights]))
        model.get_parameter("bias").fill_(bias)
    return model


@pytest.mark.parametrize(
    ("function", "weights", "bias"), [("and", [1.0, 1.0], -2.0), ("or", [1.0, 1.0], -1.0), ("not", [-1.0], 0.0)]
)
def test_units_of_1943_are_right_everywhere(function: str, weights: list[float], bias: float) -> None:
    """McCulloch and Pitts: y = [sum >= theta] with theta 2, 1 and 0: a sum just at the threshold fires."""
    data = rows_of(Path(), function=function)  # type: ignore[arg-type]
    score = truth_table(unit(weights, bias), data, data.train)
    assert score == {"right": float(len(data.train)), "error_percent": 0.0, "solved": 1.0}


def test_or_unit_on_and_is_wrong_on_two_of_four() -> None:
    data = rows_of(Path(), function="and")
    assert truth_table(unit([1.0, 1.0], -1.0), data, data.train) == {"right": 2.0, "error_percent": 50.0, "solved": 0.0}


def test_threshold_of_a_logistic_unit() -> None:
    data = rows_of(Path(), function="and")
    logistic = nn.Sequential(unit([1.0, 1.0], -1.5), nn.Sigmoid())
    assert truth_table(logistic, data, data.train, threshold=0.5)["solved"] == 1.0
    assert truth_table(logistic, data, data.train)["right"] == 1.0  # a logistic output is never below 0: always true


def test_a_net_that_gives_no_number_is_not_solved() -> None:
    data = rows_of(Path(), function="xor")
    assert truth_table(unit([float("nan")] * 2, 0.0), data, data.train)["solved"] == 0.0


def test_refuses_several_outputs() -> None:
    data = rows_of(Path(), function="and")
    with pytest.raises(ValueError, match="one output unit"):
        truth_table(nn.Linear(2, 2), data, data.train)
