"""Nets for photographs: their size is what the papers and torchvision's own documentation say."""

import pytest
import torch
from torch import nn

from dlbench.measure import operations
from dlbench.models.torchvision_net import torchvision_net


@pytest.mark.parametrize(
    ("net", "parameters", "billions"),
    [
        ("resnet18", 11689512, 1.8),
        ("resnet50", 25557032, 3.8),
        ("resnet152", 60192808, 11.3),
        ("vgg19", 143667240, 19.6),
    ],
)
def test_its_size_is_that_of_the_papers(net, parameters, billions):
    """Parameters as torchvision documents them, multiply-adds as Table 1 and section 3.3 of He et al. 2015."""
    with torch.device("meta"):  # nothing is computed
        model = torchvision_net(net=net)
    assert operations.parameters(model) == parameters
    assert operations.multiply_adds(model, model.input_shape) == pytest.approx(billions * 1e9, abs=0.1e9)


def test_a_bottleneck_halves_the_image_in_its_first_convolution():
    with torch.device("meta"):
        model = torchvision_net(net="resnet50", classes=10)
    halving = {
        name.rpartition(".")[2]
        for name, layer in model.named_modules()
        if isinstance(layer, nn.Conv2d) and layer.stride == (2, 2) and name.startswith("layer") and "down" not in name
    }
    assert halving == {"conv1"}
    assert model.fc.out_features == 10
