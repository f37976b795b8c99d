"""Threshold units: they fire from the threshold on, and not before."""

from __future__ import annotations

import torch

from dlbench.measure import operations
from dlbench.models.threshold_units import threshold_units

ROWS = torch.tensor([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]])


def test_each_unit_has_its_weights_and_its_threshold() -> None:
    units = threshold_units(inputs=2, units=3)
    assert operations.parameters(units) == 3 * (2 + 1)
    assert operations.multiply_adds(units, (2,)) == 3 * 2
    weights = torch.tensor([[1.0, 1.0], [1.0, 1.0], [-1.0, 0.0]])
    units.load_state_dict({"weight": weights, "threshold": torch.tensor([2.0, 1.0, 0.0])})  # AND, OR, NOT the first
    assert units(ROWS).T.tolist() == [[0, 0, 0, 1], [0, 1, 1, 1], [1, 1, 0, 0]]


def test_a_new_unit_is_silent() -> None:
    assert not threshold_units(inputs=2, units=5)(ROWS).any()
