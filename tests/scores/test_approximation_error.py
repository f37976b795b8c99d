"""Errors of a net that is known, and Barron's bound by its formula."""

from __future__ import annotations

import math
from pathlib import Path

import pytest
import torch

from dlbench.data.target_function import target_function
from dlbench.models.mlp import mlp
from dlbench.scores.approximation_error import approximation_error


def test_of_a_net_that_says_zero_everywhere() -> None:
    """The wave's largest value is 1 and its mean square 1/2; (2 * 1 * 2 pi)^2 / 8 units."""
    data = target_function(Path(), function="wave", test_points=1000)
    net = mlp(sizes=[1, 8, 1], init_range=0.0)
    assert data.test is not None
    found = approximation_error(net, data, data.test, fourier_moment=2 * math.pi, radius=1.0)
    assert found["sup_error"] == pytest.approx(1.0, abs=1e-4)
    assert found["mean_squared_error"] == pytest.approx(0.5)
    assert found["barron_bound"] == pytest.approx(16 * math.pi**2 / 8)


def test_one_wrong_point_is_the_largest_deviation() -> None:
    data = target_function(Path(), function="bump", dimensions=2, train_points=3)
    net = mlp(sizes=[2, 4, 1], init_range=0.0)
    with torch.no_grad():
        net.get_parameter("output.bias").fill_(-0.5)
    found = approximation_error(net, data, data.train, fourier_moment=1.0, radius=1.0)
    assert found["sup_error"] == pytest.approx(1.5)
