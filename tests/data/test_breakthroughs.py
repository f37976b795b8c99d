"""The lecture's six breakthroughs as data, and the delay that fits them best."""

from pathlib import Path
from typing import Literal

import pytest
import torch

from dlbench.data.breakthroughs import breakthroughs
from dlbench.models.delay import delay as model_of_delay
from dlbench.scores.delay import delay
from dlbench.training.sgd import sgd


@pytest.mark.parametrize(
    ("since", "delays"), [("dataset", [3, 6, 0, 1, 4, 2]), ("algorithm", [10, 14, 17, 20, 25, 23])]
)
def test_one_step_fits_the_mean_delay(since: Literal["dataset", "algorithm"], delays: list[int]) -> None:
    """The lecture's rows by hand: 16 / 6 and 109 / 6 years on the average."""
    data, model = breakthroughs(Path("nowhere"), since=since), model_of_delay()
    assert (data.train.targets - data.train.inputs).flatten().tolist() == delays
    rule = sgd(model, data, torch.Generator().manual_seed(0), lr=1.0, batch_size=6, steps=1, loss="squared_error")
    assert len(list(rule)) == 1
    mean = sum(delays) / 6
    spread = (sum((each - mean) ** 2 for each in delays) / 6) ** 0.5
    found = delay(model, data, data.train)
    assert found == {"delay_years": pytest.approx(mean, abs=2e-4), "rms_error_years": pytest.approx(spread, abs=1e-4)}
