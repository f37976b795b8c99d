"""Fully connected nets."""

from collections.abc import Callable

import pytest
import torch
from torch import Tensor, nn

from dlbench.models.mlp import mlp


def test_a_hand_made_2_2_1_net_computes_xor() -> None:
    net = mlp(sizes=[2, 2, 1], output="logistic")
    net.load_state_dict(
        {
            "hidden1.weight": torch.tensor([[20.0, 20.0], [20.0, 20.0]]),
            "hidden1.bias": torch.tensor([-10.0, -30.0]),  # OR and AND
            "output.weight": torch.tensor([[20.0, -20.0]]),
            "output.bias": torch.tensor([-10.0]),
        }
    )
    outputs = net(torch.tensor([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]]))
    assert outputs.flatten().tolist() == pytest.approx([0, 1, 1, 0], abs=1e-3)


def test_weights_and_biases_start_uniform(assert_uniform: Callable[[Tensor, float], None]) -> None:
    torch.manual_seed(0)
    for parameter in mlp(sizes=[50, 40, 30], init_range=0.3).parameters():
        assert_uniform(parameter, 0.3)


def test_a_linear_output_has_no_bounds_and_a_logistic_one_has() -> None:
    torch.manual_seed(0)
    x = 100 * torch.randn(50, 3)
    assert mlp(sizes=[3, 1], output="linear")(x).abs().max() > 1
    bounded = mlp(sizes=[3, 1], output="logistic")(x)
    assert 0 <= bounded.min() < bounded.max() <= 1


@pytest.mark.parametrize(("activation", "layer"), [("logistic", nn.Sigmoid), ("tanh", nn.Tanh), ("relu", nn.ReLU)])
def test_activation_follows_each_hidden_layer(activation: str, layer: type[nn.Module]) -> None:
    net = mlp(sizes=[4, 3, 3, 2], activation=activation)  # type: ignore[arg-type]
    assert [name for name, module in net.named_children() if isinstance(module, layer)] == [
        "hidden1_activation",
        "hidden2_activation",
    ]


def test_images_are_flattened() -> None:
    net = mlp(sizes=[784, 10])
    images = torch.rand(5, 1, 28, 28)
    assert torch.equal(net(images), net(images.reshape(5, 784)))


def test_one_size_is_too_few() -> None:
    with pytest.raises(ValueError, match="at least the inputs and the outputs"):
        mlp(sizes=[2])
