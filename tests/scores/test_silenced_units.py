"""Units silenced one by one and by halves, in nets of which it is known what each unit says."""

from collections import OrderedDict

import pytest
import torch
from torch import nn

from dlbench.data.dataset import Dataset, Examples
from dlbench.scores.silenced_units import silenced_units


def one_hot(copies: int) -> tuple[nn.Module, Dataset]:
    """Four classes, each with a unit of its own, or several that say the same."""
    inputs, targets = torch.eye(4).repeat(10, 1), torch.arange(4).repeat(10)
    data = Dataset(
        Examples(inputs, targets),
        Examples(inputs.clone(), targets),
        tuple("abcd"),
        torch.tensor(0.0),
        torch.tensor(1.0),
    )
    layers = OrderedDict(hidden=nn.Linear(4, 4 * copies), relu=nn.ReLU(), output=nn.Linear(4 * copies, 4))
    with torch.no_grad():
        layers["hidden"].weight.copy_(torch.eye(4).repeat(copies, 1))
        layers["output"].weight.copy_(torch.eye(4).repeat(1, copies))
        layers["hidden"].bias.zero_()
        layers["output"].bias.copy_(torch.tensor([0.1, 0.0, 0.0, 0.0]))  # who hears nothing guesses the first
    return nn.Sequential(layers), data


def test_where_each_thing_has_a_unit_a_thing_is_lost_with_it() -> None:
    model, data = one_hot(1)
    scores = silenced_units(model, data, data.test, layer="relu", group=2)
    assert scores["error_percent"] == 0
    assert scores["worst_unit_points"] == 25
    assert scores["mean_unit_points"] == pytest.approx(75 / 4)
    assert scores["half_points"] == pytest.approx(25 * 1.5, abs=13)  # a half with the first unit costs one thing less
    assert scores["best_unit_error_percent"] == 50  # one thing, and one of the three that look alike
    assert scores["group_error_percent"] == 25


def test_where_units_stand_in_for_each_other_none_is_missed() -> None:
    model, data = one_hot(5)
    scores = silenced_units(model, data, data.test, layer="relu", group=20)
    assert scores["worst_unit_points"] == scores["mean_unit_points"] == 0
    assert scores["group_error_percent"] == 0


def test_nothing_of_the_net_changes_and_training_examples_are_only_scored() -> None:
    model, data = one_hot(1)
    assert "worst_unit_points" not in silenced_units(model, data, data.train, layer="relu")
    before = model(data.train.inputs)
    silenced_units(model, data, data.test, layer="relu", group=2)
    assert torch.equal(model(data.train.inputs), before)
