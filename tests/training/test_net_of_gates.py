"""A net taken apart into gates: outputs and gradients are torch's."""

from __future__ import annotations

from typing import Literal

import pytest
import torch
from torch import nn

from dlbench.errors import InputError
from dlbench.models.direct_links import direct_links
from dlbench.models.mlp import mlp
from dlbench.training.net_of_gates import NetOfGates


@pytest.mark.parametrize("activation", ["logistic", "tanh", "relu"])
@pytest.mark.parametrize("output", ["linear", "logistic"])
@pytest.mark.parametrize("sizes", [[2, 2, 1], [3, 4, 3, 2]])
def test_outputs_and_gradients_are_those_of_torch(
    sizes: list[int], activation: Literal["logistic", "tanh", "relu"], output: Literal["linear", "logistic"]
) -> None:
    torch.manual_seed(0)
    model = mlp(sizes=sizes, activation=activation, output=output, init_range=1.0).double()
    inputs, targets = torch.randn(5, sizes[0]).double(), torch.rand(5, sizes[-1]).double()
    outputs, gradients = NetOfGates(model, inputs, targets).present()
    wanted = model(inputs)
    (0.5 * (wanted - targets).square().sum()).backward()
    torch.testing.assert_close(outputs, wanted.detach())
    assert list(gradients) == [name for name, _ in model.named_parameters()]
    for name, weights in model.named_parameters():
        torch.testing.assert_close(gradients[name], weights.grad)


def test_it_takes_over_weights_that_have_changed() -> None:
    torch.manual_seed(0)
    model, inputs, targets = mlp(sizes=[2, 3, 1]).double(), torch.randn(4, 2).double(), torch.zeros(4, 1).double()
    net = NetOfGates(model, inputs, targets)
    with torch.no_grad():
        for weights in model.parameters():
            weights.add_(1.0)
    net.load(model)
    torch.testing.assert_close(net.present()[0], model(inputs).detach())


def test_layers_that_are_no_chain_are_refused() -> None:
    with pytest.raises(InputError, match="DirectLinks is no chain"):
        NetOfGates(direct_links(inputs=2, hidden=1), torch.zeros(1, 2), torch.zeros(1, 1))


def test_there_are_no_gates_for_a_convolution() -> None:
    model = nn.Sequential(nn.Conv1d(1, 1, 1))
    with pytest.raises(InputError, match="none for Conv1d"):
        NetOfGates(model, torch.zeros(1, 2), torch.zeros(1, 1))
