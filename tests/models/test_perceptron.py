"""Rosenblatt's unit."""

import torch

from dlbench.models.perceptron import perceptron


def test_it_starts_at_zero() -> None:
    assert not any(parameter.any() for parameter in perceptron(inputs=3).parameters())


def test_and_is_a_weighted_sum_against_a_threshold() -> None:
    unit = perceptron(inputs=2)
    unit.load_state_dict({"weight": torch.tensor([[1.0, 1.0]]), "bias": torch.tensor([-2.0])})  # threshold 2
    sums = unit(torch.tensor([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]]))
    assert sums.shape == (4, 1)
    assert (sums >= 0).flatten().tolist() == [False, False, False, True]


def test_images_are_flattened() -> None:
    unit = perceptron(inputs=784)
    torch.nn.init.normal_(unit.get_parameter("weight"))
    images = torch.rand(3, 1, 28, 28)
    assert torch.equal(unit(images), unit(images.reshape(3, 784)))
