"""Layers on the longest way through a net, and how many numbers they give."""

import pytest
import torch
from torch import nn

from dlbench.data.dataset import Dataset, Examples
from dlbench.models.lenet5 import lenet5
from dlbench.models.resnet import resnet
from dlbench.scores.architecture import architecture


def images(*shape: int) -> Dataset:
    examples = Examples(torch.zeros(2, *shape), torch.zeros(2, dtype=torch.int64))
    return Dataset(examples, None, tuple("0123456789"), torch.tensor(0.0), torch.tensor(1.0))


def test_the_layers_of_lenet_are_counted() -> None:
    data = images(1, 32, 32)
    neurons = 6 * 28 * 28 + 16 * 10 * 10 + 120 + 84 + 10
    assert architecture(lenet5(), data, data.train) == {"learnt_layers": 5, "hidden_layers": 4, "neurons": neurons}


@pytest.mark.parametrize("depth", [20, 56])
def test_a_residual_net_is_as_deep_as_it_is_called(depth: int) -> None:
    data = images(3, 32, 32)
    assert architecture(resnet(depth=depth), data, data.train)["learnt_layers"] == depth


class Shortcut(nn.Module):
    """Two layers on one way, one on the other."""

    def __init__(self) -> None:
        super().__init__()
        self.first, self.second, self.beside = nn.Linear(4, 8), nn.Linear(8, 10), nn.Linear(4, 10)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.second(self.first(x).relu()) + self.beside(x)


def test_a_layer_on_a_shortcut_adds_no_depth_and_no_neurons() -> None:
    data = images(4)
    assert architecture(Shortcut(), data, data.train) == {"learnt_layers": 2, "hidden_layers": 1, "neurons": 18}
