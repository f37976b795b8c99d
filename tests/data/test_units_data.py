"""Data for single units: all Boolean functions, points without labels, points on two sides of a plane."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from dlbench.data.boolean_functions import boolean_functions
from dlbench.data.gaussian_points import gaussian_points
from dlbench.data.linearly_separable import linearly_separable
from dlbench.data.truth_table import FUNCTIONS, truth_table
from dlbench.errors import InputError
from dlbench.training.novikoff import novikoff_bound

FOLDER = Path()


@pytest.mark.parametrize("inputs", [1, 2, 3, 4])
def test_every_function_is_there_once(inputs: int) -> None:
    data = boolean_functions(FOLDER, inputs=inputs)
    assert data.train.inputs.shape == (2**inputs, inputs)
    assert data.train.targets.shape == (2**inputs, 2**2**inputs)
    assert len(np.unique(data.train.targets.numpy(), axis=1).T) == 2**2**inputs


def test_functions_stand_where_the_docstring_says() -> None:
    data = boolean_functions(FOLDER, inputs=2)
    for column, name in ((8, "and"), (14, "or"), (6, "xor"), (7, "nand"), (1, "nor"), (9, "xnor")):
        assert name in FUNCTIONS
        wanted = truth_table(FOLDER, function=name).train  # type: ignore[arg-type]
        assert torch.equal(data.train.inputs, wanted.inputs)
        assert torch.equal(data.train.targets[:, column].long(), wanted.targets)


def test_gaussian_points_are_normal_and_in_general_position() -> None:
    points = gaussian_points(FOLDER, inputs=3, examples=2000).train.inputs
    assert points.mean(dim=0).abs().max() < 5 / 2000**0.5
    assert (points.std(dim=0) - 1).abs().max() < 5 / 4000**0.5
    few = torch.cat([points[:40], torch.ones(40, 1)], dim=1).double()
    four = few[torch.combinations(torch.arange(40), 4)]
    assert torch.linalg.matrix_rank(four).eq(4).all(), "no four points in a plane"


@pytest.mark.parametrize("inputs", [1, 2, 10])
def test_a_plane_lies_between_the_sides_with_the_margin(inputs: int) -> None:
    """It is at most a half from the origin, so gamma^2 >= margin^2 / (1 + 1/4), and (R / gamma)^2 has a limit."""
    for problem in range(5):
        train = linearly_separable(FOLDER, inputs=inputs, examples=30, margin=0.3, problem=problem).train
        longest = 1 + train.inputs.square().sum(dim=1).max()
        bound = novikoff_bound(train.inputs, train.targets)
        assert bound is not None
        assert len(train) == 30
        assert bound <= longest * 1.25 / 0.3**2 * 1.001
        assert 3 <= train.targets.sum() <= 27, "both sides have points"


def test_problems_differ_and_are_the_same_for_everybody() -> None:
    first, again, other = (linearly_separable(FOLDER, inputs=2, examples=9, margin=0.1, problem=n) for n in (1, 1, 2))
    assert first.digest == again.digest != other.digest


def test_refuses_numbers_that_make_no_sense() -> None:
    with pytest.raises(InputError, match="inputs: 5: 1 to 4"):
        boolean_functions(FOLDER, inputs=5)
    with pytest.raises(InputError, match="examples: 0"):
        gaussian_points(FOLDER, inputs=2, examples=0)
    with pytest.raises(InputError, match="margin: -1"):
        linearly_separable(FOLDER, inputs=2, examples=5, margin=-1.0)
    with pytest.raises(InputError, match="margin: 40: too wide"):
        linearly_separable(FOLDER, inputs=2, examples=10_000, margin=40.0)
