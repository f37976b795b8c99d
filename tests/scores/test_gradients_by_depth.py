import math

import pytest
import torch
from torch import nn

from dlbench.data.dataset import Dataset, Examples
from dlbench.models.mlp import mlp
from dlbench.models.resnet import resnet
from dlbench.scores.gradients_by_depth import PLACES, gradients_by_depth


@pytest.fixture
def noise():
    torch.manual_seed(0)
    examples = Examples(torch.randint(256, (16, 3, 32, 32), dtype=torch.uint8), torch.arange(16) % 10)
    return Dataset(examples, None, tuple("0123456789"), torch.tensor(127.5), torch.tensor(1 / 74))


def test_a_net_that_says_nothing_starts_from_the_logarithm_of_ten(noise):
    torch.manual_seed(0)
    found = gradients_by_depth(resnet(depth=8, output_sd=0.01), noise, noise.train)
    assert found["loss"] == pytest.approx(math.log(10), abs=0.05)
    assert set(found) == {
        "loss", "gradient_ratio",
        *(f"{what}_rms_at_{place}_percent" for what in ("activation", "gradient") for place in PLACES),
    }  # fmt: skip


def test_the_gradient_is_that_of_a_step_of_training(noise):
    torch.manual_seed(0)
    net = resnet(depth=8)
    found = gradients_by_depth(net, noise, noise.train, first=16)
    nn.functional.cross_entropy(net.train()(noise.prepare(noise.train.inputs)), noise.train.targets).backward()
    layers = [layer for layer in net.modules() if isinstance(layer, nn.Conv2d)]
    for place, layer in ((0, layers[0]), (100, layers[-1])):
        expected = float(layer.weight.grad.square().mean().sqrt())
        assert found[f"gradient_rms_at_{place}_percent"] == pytest.approx(expected, rel=1e-5)
    assert found["gradient_ratio"] == pytest.approx(
        found["gradient_rms_at_0_percent"] / found["gradient_rms_at_100_percent"]
    )


def test_it_leaves_the_net_as_it_was(noise):
    net = resnet(depth=8).eval()
    before = {name: tensor.clone() for name, tensor in net.state_dict().items()}
    gradients_by_depth(net, noise, noise.train)
    assert not net.training
    assert all(torch.equal(before[name], tensor) for name, tensor in net.state_dict().items())
    assert all(parameter.grad is None for parameter in net.parameters())


def test_a_net_without_convolutions_is_refused(noise):
    with pytest.raises(ValueError, match="convolutions"):
        gradients_by_depth(mlp(sizes=[3072, 10]), noise, noise.train)
