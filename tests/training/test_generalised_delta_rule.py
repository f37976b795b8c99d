"""The rule of 1986: its updates are torch's SGD on the summed error, its counts those of each net by itself."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

from dlbench.data.dataset import Dataset
from dlbench.data.truth_table import truth_table
from dlbench.errors import InputError
from dlbench.models.direct_links import direct_links
from dlbench.models.mlp import mlp
from dlbench.training.copies import Copies
from dlbench.training.generalised_delta_rule import generalised_delta_rule
from dlbench.training.step import Step

XOR = truth_table(Path(), function="xor")


def net(seed: int, init_range: float = 1.0) -> nn.Module:
    torch.manual_seed(seed)
    return direct_links(init_range=init_range)


def learn(model: nn.Module, data: Dataset = XOR, **settings: Any) -> list[Step]:
    settings = {"lr": 0.5, "batch_size": 4, "sweeps": 2000} | settings
    return list(generalised_delta_rule(model, data, torch.Generator(), **settings))


def test_each_sweep_is_a_step_of_torchs_sgd_on_the_summed_error() -> None:
    model, twin = net(0), net(0)
    learn(model, sweeps=30, lr=0.3, momentum=0.8)
    optimiser = torch.optim.SGD(twin.parameters(), lr=0.3, momentum=0.8)
    targets = torch.tensor([0.1, 0.9, 0.9, 0.1])
    for _ in range(30):
        optimiser.zero_grad()
        (0.5 * (twin(XOR.train.inputs)[:, 0] - targets).square().sum()).backward()
        optimiser.step()
    for one, other in zip(model.parameters(), twin.parameters(), strict=True):
        torch.testing.assert_close(one, other)


def test_it_stops_at_the_sweep_in_which_every_output_is_near_its_target() -> None:
    model = net(0)
    steps = learn(model)
    last = steps[-1]
    assert last.number < last.of == 2000
    assert (float(last.counts["sweeps"]), float(last.counts["converged"])) == (last.number, 1.0)
    assert [float(step.counts["converged"]) for step in steps[:-1]] == [0.0] * (last.number - 1)
    outputs = model(XOR.train.inputs)[:, 0]
    assert (outputs - torch.tensor([0.1, 0.9, 0.9, 0.1])).abs().max() <= 0.1
    assert float(last.loss) <= 0.5 * 0.1**2


def test_a_net_that_does_not_learn_counts_every_sweep() -> None:
    steps = learn(net(0), sweeps=5)
    assert (len(steps), float(steps[-1].counts["sweeps"]), float(steps[-1].counts["converged"])) == (5, 5.0, 0.0)


def test_copies_learn_and_count_as_each_would_alone() -> None:
    seeds = range(4)
    together = Copies([net(seed) for seed in seeds])
    last = learn(together, sweeps=250)[-1]
    converged = torch.as_tensor(last.counts["converged"])
    assert 0 < converged.sum() < 4, "some seeds have learnt by then, others have not"
    for seed, copy in zip(seeds, together.separate(), strict=True):
        alone = net(seed)
        own = learn(alone, sweeps=250)[-1]
        assert float(torch.as_tensor(last.counts["sweeps"])[seed]) == pytest.approx(own.number, abs=1)
        for one, other in zip(alone.parameters(), copy.parameters(), strict=True):
            torch.testing.assert_close(one, other, atol=0.02, rtol=0.01)


def test_gates_teach_what_autograd_teaches() -> None:
    models = []
    for gradients in ("autograd", "gates"):
        torch.manual_seed(1)
        models.append(mlp(sizes=[2, 2, 1], output="logistic", init_range=1.0))
        learn(models[-1], sweeps=40, gradients=gradients)
    for one, other in zip(models[0].parameters(), models[1].parameters(), strict=True):
        torch.testing.assert_close(one, other, atol=1e-5, rtol=1e-5)


def test_refuses_part_of_a_sweep_more_classes_and_more_outputs() -> None:
    with pytest.raises(InputError, match="a sweep has 4 patterns"):
        learn(net(0), batch_size=3)
    three = Dataset(XOR.train, None, ("a", "b", "c"), shift=XOR.shift, scale=XOR.scale)
    with pytest.raises(InputError, match="3 classes"):
        learn(net(0), three)
    with pytest.raises(InputError, match="the model has 2"):
        learn(mlp(sizes=[2, 2, 2]))
