"""Which Boolean functions a single unit can compute, and with which weights: one linear program a class of functions.

Muroga: Threshold Logic and Its Applications, 1971.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator

import numpy as np
import torch
from torch import nn

from dlbench.data.boolean_functions import MOST_INPUTS
from dlbench.data.dataset import Dataset
from dlbench.errors import InputError
from dlbench.models.threshold_units import ThresholdUnits
from dlbench.training.separation import Floats, Unit, smallest_unit
from dlbench.training.step import Step
from dlbench.training.symmetries import Ints, Symmetries, classes


def linear_program(model: nn.Module, data: Dataset, generator: torch.Generator) -> Iterator[Step]:
    """Give each unit the weights and threshold that compute its function, where any do; the others it leaves silent.

    The data hold all rows of the truth table, counting upwards, and one function a column of the targets. Functions
    that follow from each other by negating or exchanging inputs or by negating the function share one program; the
    weights of the first become those of the others by the same change.

    Yields one step a program; its loss is 1 if no unit computes these functions, else 0. Counts linear_programs and
    separable_by_program, the functions that have a unit by its verdict. Draws no random numbers.
    Raises InputError for another model, other data and more than four inputs.
    """
    rows, tables = _truth_tables(data)
    units = _units(model, tables.shape[1])
    symmetries = Symmetries.of(rows.shape[1])
    found = list(classes(tables, symmetries))
    separable = 0
    for number, (members, ways) in enumerate(found, 1):
        unit = smallest_unit(rows, tables[:, members[0]].astype(bool))
        if unit is not None:
            weights, thresholds = symmetries.units(_whole(unit))
            _set(units, members, weights[ways], thresholds[ways])
            separable += len(members)
        counts = {"linear_programs": float(number), "separable_by_program": float(separable)}
        yield Step(number, len(found), len(rows), torch.tensor(float(unit is None)), counts)


def _whole(unit: Unit) -> Unit:
    """The same unit free of rounding: up to four inputs the smallest weights are whole numbers."""
    return Unit(np.rint(unit.weights), float(np.rint(unit.threshold)))


def _set(units: ThresholdUnits, members: Ints, weights: Floats, thresholds: Floats) -> None:
    with torch.no_grad():
        units.weight[members] = torch.from_numpy(weights).to(units.weight)
        units.threshold[members] = torch.from_numpy(thresholds).to(units.threshold)


def _truth_tables(data: Dataset) -> tuple[Floats, Ints]:
    """Rows [2^n, n] and truth tables [2^n, functions]."""
    rows = data.prepare(data.train.inputs).double().cpu().numpy()
    inputs = rows.shape[-1]
    if inputs > MOST_INPUTS or not np.array_equal(rows, list(itertools.product((0, 1), repeat=inputs))):
        raise InputError(
            f"linear_program: needs all rows of a truth table of at most {MOST_INPUTS} inputs (data: boolean_functions)"
        )
    return rows, data.train.targets.reshape(len(rows), -1).long().cpu().numpy()


def _units(model: nn.Module, functions: int) -> ThresholdUnits:
    if isinstance(model, ThresholdUnits) and len(model.weight) == functions:
        return model
    raise InputError(f"linear_program: needs one unit for each function (model: threshold_units, units: {functions})")
