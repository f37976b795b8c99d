"""A model comes out of an evaluation as it went in."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from dlbench.scores.evaluation import evaluating


def test_every_module_gets_its_own_mode_back() -> None:
    model = nn.Sequential(nn.Dropout(), nn.Sequential(nn.BatchNorm1d(3)))
    model.train()
    model[1].eval()  # a frozen layer, as in fine-tuning
    before = [module.training for module in model.modules()]
    with evaluating(model):
        assert not any(module.training for module in model.modules())
        assert torch.is_inference_mode_enabled()
    assert [module.training for module in model.modules()] == before
    assert not torch.is_inference_mode_enabled()


def test_also_after_an_error() -> None:
    model = nn.Dropout()
    with pytest.raises(RuntimeError), evaluating(model):
        raise RuntimeError
    assert model.training
