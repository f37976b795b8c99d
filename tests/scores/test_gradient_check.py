"""The check finds no deviation but rounding, and does find a wrong gradient."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from dlbench.data.truth_table import truth_table
from dlbench.models.mlp import mlp
from dlbench.scores.gradient_check import gradient_check, relative_deviation
from dlbench.training import computational_graph

XOR = truth_table(Path(), function="xor")


def test_gates_and_torch_agree_to_rounding() -> None:
    torch.manual_seed(0)
    model = mlp(sizes=[2, 3, 1], output="logistic")
    found = gradient_check(model, XOR, XOR.train)
    assert found["largest_relative_deviation"] < 1e-12
    assert found["gradients"] == 4 * 13


def test_a_wrong_slope_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    def wrong(self: computational_graph.Logistic) -> None:
        self.inputs[0].gradient += self.gradient * self.value  # forgets (1 - y)

    monkeypatch.setattr(computational_graph.Logistic, "backward", wrong)
    found = gradient_check(mlp(sizes=[2, 3, 1], output="logistic"), XOR, XOR.train)
    assert found["largest_relative_deviation"] > 0.1


def test_relative_deviation() -> None:
    one, other = torch.tensor([0.0, 1.0, -2.0]), torch.tensor([0.0, 1.1, 2.0])
    assert relative_deviation(one, other).tolist() == pytest.approx([0.0, 0.1 / 1.1, 2.0])
