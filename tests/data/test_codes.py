"""Codes and things: patterns, classes, and what is held out."""

from pathlib import Path
from typing import Literal

import pytest
import torch

from dlbench.data.codes import codes
from dlbench.data.things import things
from dlbench.errors import InputError

NOWHERE = Path("nowhere")


def test_a_localist_code_has_one_active_unit_and_as_many_patterns_as_units() -> None:
    examples = codes(NOWHERE, code="localist", units=3).train
    assert examples.inputs.shape == (8, 8)
    assert (examples.inputs.sum(1) == 1).all()
    assert len(examples.inputs.unique(dim=0)) == 3


@pytest.mark.parametrize("units", [1, 3, 8])
def test_a_distributed_code_has_all_patterns_of_its_units(units: int) -> None:
    data = codes(NOWHERE, code="distributed", units=units)
    patterns = {tuple(row) for row in data.train.inputs[:, :units].int().tolist()}
    assert len(patterns) == 2**units == len(data.train)
    assert not data.train.inputs[:, units:].any()
    assert data.train.targets.tolist() == list(range(2**units))
    assert len(data.classes) == 256


@pytest.mark.parametrize(("units", "inputs"), [(0, 8), (9, 8), (3, 17)])
def test_impossible_codes_are_errors(units: int, inputs: int) -> None:
    with pytest.raises(InputError, match="units: "):
        codes(NOWHERE, code="localist", units=units, inputs=inputs)


@pytest.mark.parametrize(("code", "units", "active"), [("localist", 64, 1), ("distributed", 12, 3), ("random", 12, 3)])
def test_every_thing_has_a_pattern_of_its_own(
    code: Literal["localist", "distributed", "random"], units: int, active: int
) -> None:
    data = things(NOWHERE, code=code)
    assert data.test is not None
    inputs = torch.cat([data.train.inputs, data.test.inputs])
    assert inputs.shape == (64, units)
    assert len(inputs.unique(dim=0)) == 64
    assert (inputs.sum(1) == active).all()
    assert things(NOWHERE, code=code).digest == data.digest


def test_each_value_is_seen_as_often_as_any_other_and_guessing_is_right_half_the_time() -> None:
    data = things(NOWHERE, code="distributed")
    assert data.test is not None
    assert data.train.inputs.sum(0).tolist() == [12] * 12
    assert data.test.inputs.sum(0).tolist() == [4] * 12
    assert (int(data.train.targets.sum()), int(data.test.targets.sum())) == (24, 8)


def test_worth_adds_up_over_attributes() -> None:
    data = things(NOWHERE, code="distributed")
    worth = data.train.inputs @ torch.arange(4.0).repeat(3)
    assert torch.equal(data.train.targets.bool(), worth > 4.5)


def test_a_unit_of_a_thing_held_out_is_silent_in_training() -> None:
    data = things(NOWHERE, code="localist")
    assert data.test is not None
    assert not data.train.inputs[:, data.test.inputs.any(0)].any()
