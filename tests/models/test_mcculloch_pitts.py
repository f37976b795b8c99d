"""The neuron of 1943: its thresholds, its absolute inhibition, and the gates that are wired from it."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from dlbench.data.truth_table import truth_table as rows_of
from dlbench.measure import operations
from dlbench.models.mcculloch_pitts import GATES, Neuron, mcculloch_pitts
from dlbench.scores.truth_table import truth_table


@pytest.mark.parametrize("gate", ["and", "or", "not", "xor"])
def test_a_gate_is_right_on_every_row(gate: str) -> None:
    data = rows_of(Path(), function=gate)  # type: ignore[arg-type]
    net = mcculloch_pitts(gate=gate)  # type: ignore[arg-type]
    assert data.shape == net.input_shape
    assert truth_table(net, data, data.train, threshold=0.5)["error_percent"] == 0


def test_thresholds_are_two_for_and_one_for_or_none_for_not() -> None:
    assert [GATES[gate][1][0].threshold for gate in ("and", "or", "not")] == [2, 1, 0]
    assert [len(GATES[gate][1]) for gate in ("and", "or", "not", "xor")] == [1, 1, 1, 3]


def test_there_is_nothing_to_learn() -> None:
    for gate, (inputs, _) in GATES.items():
        net = mcculloch_pitts(gate=gate)  # type: ignore[arg-type]
        assert operations.parameters(net) == operations.multiply_adds(net, (inputs,)) == 0


def test_one_inhibitory_synapse_outweighs_any_excitation() -> None:
    neuron = Neuron(threshold=1, excited_by=(0, 1, 2), inhibited_by=(3,))
    cells = torch.tensor([[1.0, 1, 1, 1], [1, 1, 1, 0], [0, 0, 1, 0], [0, 0, 0, 0]])
    assert neuron.fires(cells).tolist() == [0, 1, 1, 0]
