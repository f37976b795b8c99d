"""Things told apart: never more than there are patterns."""

from pathlib import Path
from typing import Literal

import pytest
import torch

from dlbench.data.codes import codes
from dlbench.models.mlp import mlp
from dlbench.scores.told_apart import told_apart
from dlbench.training.sgd import sgd


@pytest.mark.parametrize(("code", "count"), [("localist", 4), ("distributed", 16)])
def test_a_trained_net_tells_apart_as_many_things_as_there_are_patterns(
    code: Literal["localist", "distributed"], count: int
) -> None:
    data, model = codes(Path("nowhere"), code=code, units=4, inputs=4), mlp(sizes=[4, 16], init_range=0.0)
    assert told_apart(model, data, data.train) == {"told_apart": 1.0}, "all scores alike: the first class for all"
    for _ in sgd(model, data, torch.Generator().manual_seed(0), lr=4.0, momentum=0.9, batch_size=16, steps=200):
        pass
    assert told_apart(model, data, data.train) == {"told_apart": float(count)}
