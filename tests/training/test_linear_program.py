"""Counting threshold functions with the help of symmetry, against brute force and the literature."""

from __future__ import annotations

import itertools
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from dlbench.data.boolean_functions import boolean_functions
from dlbench.data.gaussian_points import gaussian_points
from dlbench.errors import InputError
from dlbench.models.threshold_units import threshold_units
from dlbench.scores.separable_functions import separable_functions
from dlbench.training.linear_program import linear_program
from dlbench.training.separation import Unit, smallest_unit
from dlbench.training.step import Step
from dlbench.training.symmetries import Symmetries, classes


def solve(inputs: int) -> tuple[torch.nn.Module, list[Step], dict[str, float]]:
    data = boolean_functions(Path(), inputs=inputs)
    units = threshold_units(inputs=inputs, units=data.train.targets.shape[1])
    steps = list(linear_program(units, data, torch.Generator()))
    return units, steps, separable_functions(units, data, data.train)


@pytest.mark.parametrize(
    ("inputs", "functions", "programs", "parity"), [(1, 4, 2, 2), (2, 14, 4, 3), (3, 104, 14, 6), (4, 1882, 222, 11)]
)
def test_counts_of_the_literature(inputs: int, functions: int, programs: int, parity: int) -> None:
    """Muroga 1971: 4, 14, 104, 1882 threshold functions; 222 classes of functions of four variables (Harrison 1965).

    On parity a unit is right on half the rows and C(n-1, floor((n-1)/2)) more; on XOR, 3 of 4 (Minsky & Papert 1969).
    """
    units, steps, score = solve(inputs)
    assert score["separable_functions"] == steps[-1].counts["separable_by_program"] == functions
    assert score["separable_percent"] == 100 * functions / 2**2**inputs
    assert score["rows_right_on_parity"] == parity
    assert steps[-1].number == steps[-1].of == steps[-1].counts["linear_programs"] == programs
    assert units.get_parameter("weight").abs().max() == max(1, inputs - 1), "whole numbers, and small ones"


@pytest.mark.parametrize("inputs", [1, 2, 3])
def test_symmetry_equals_brute_force(inputs: int) -> None:
    """A program for every single function says the same of each as the program of its class."""
    units, _, _ = solve(inputs)
    train = boolean_functions(Path(), inputs=inputs).train
    computed = (units(train.inputs) == train.targets).all(dim=0).tolist()
    rows, tables = train.inputs.double().numpy(), train.targets.bool().numpy().T
    assert computed == [smallest_unit(rows, table) is not None for table in tables]


def test_classes_are_those_of_the_literature_and_hold_every_function_once() -> None:
    """2, 4 and 14 classes under negation of inputs and output and permutation (Harrison 1965)."""
    for inputs, wanted in ((1, 2), (2, 4), (3, 14)):
        tables = boolean_functions(Path(), inputs=inputs).train.targets.long().numpy()
        found = [members for members, _ in classes(tables, Symmetries.of(inputs))]
        assert len(found) == wanted
        assert sorted(np.concatenate(found)) == list(range(tables.shape[1]))


@pytest.mark.parametrize("inputs", [1, 2, 3, 4])
def test_a_symmetry_does_to_the_unit_what_it_does_to_the_table(inputs: int) -> None:
    random = np.random.default_rng(inputs)
    rows = np.array(list(itertools.product((0, 1), repeat=inputs)))
    symmetries = Symmetries.of(inputs)
    assert len(symmetries.order) == 2 ** (inputs + 1) * [1, 2, 6, 24][inputs - 1]
    for _ in range(10):
        unit = Unit(random.integers(-4, 5, inputs).astype(float), float(random.integers(-3, 4)))
        tables = symmetries.tables((rows @ unit.weights >= unit.threshold).astype(int))
        weights, thresholds = symmetries.units(unit)
        assert np.array_equal(weights @ rows.T >= thresholds[:, None], tables.astype(bool))


def test_a_function_of_its_own_is_enough() -> None:
    """The majority of three inputs, alone: weights 1, threshold 2."""
    data = boolean_functions(Path(), inputs=3)
    majority = (data.train.inputs.sum(dim=1) >= 2).float()[:, None]
    data = replace(data, train=replace(data.train, targets=majority))
    units = threshold_units(inputs=3, units=1)
    (step,) = linear_program(units, data, torch.Generator())
    assert step.loss == 0
    assert units.get_parameter("weight").tolist() == [[1, 1, 1]]
    assert units.get_parameter("threshold").tolist() == [2]


def test_refuses_other_data_and_other_models() -> None:
    data = boolean_functions(Path(), inputs=2)
    with pytest.raises(InputError, match="one unit for each function"):
        next(linear_program(threshold_units(inputs=2, units=3), data, torch.Generator()))
    points = gaussian_points(Path(), inputs=2, examples=4)
    with pytest.raises(InputError, match="all rows of a truth table"):
        next(linear_program(threshold_units(inputs=2, units=1), points, torch.Generator()))


def test_a_unit_that_is_wrong_does_not_count() -> None:
    data = boolean_functions(Path(), inputs=2)
    units, _, _ = solve(2)
    with torch.no_grad():
        units.get_parameter("threshold")[8] = 1  # AND turns into OR
    assert separable_functions(units, data, data.train)["separable_functions"] == 13
