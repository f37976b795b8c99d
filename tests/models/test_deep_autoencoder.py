"""The deep autoencoder: its parameters, its shape, its beginnings."""

import pytest
import torch
from torch.utils.flop_counter import FlopCounterMode

from dlbench.models.deep_autoencoder import DeepAutoencoder, deep_autoencoder
from dlbench.models.principal_subspace import principal_subspace


def test_counts() -> None:
    """Hinton and Salakhutdinov 2006, Figure 1: 784-1000-500-250-30 and its mirror image, weights untied."""
    with torch.device("meta"):
        net = deep_autoencoder()
    assert isinstance(net, DeepAutoencoder)
    by_layer = [sum(p.numel() for p in layer.parameters()) for layer in [*net.encoder, *net.decoder]]
    assert by_layer == [785_000, 500_500, 125_250, 7_530, 7_750, 125_500, 501_000, 784_784]
    assert sum(by_layer) == sum(p.numel() for p in net.parameters()) == 2_837_314
    with FlopCounterMode(display=False) as counter:
        net(torch.zeros(1, 784, device="meta"))
    assert counter.get_total_flops() == 2 * 2_833_000


def test_the_code_is_linear_all_else_logistic() -> None:
    """By hand, layer by layer."""
    torch.manual_seed(0)
    net = deep_autoencoder(sizes=[6, 5, 2], init_std=1.0)
    assert isinstance(net, DeepAutoencoder)
    images = torch.rand(4, 1, 2, 3)
    (up, code), (down, pixels) = net.encoder, net.decoder
    hidden = 1 / (1 + torch.exp(-(images.flatten(1) @ up.weight.T + up.bias)))
    expected = hidden @ code.weight.T + code.bias
    torch.testing.assert_close(net.encode(images), expected)
    back = 1 / (1 + torch.exp(-(expected @ down.weight.T + down.bias)))
    torch.testing.assert_close(net(images), back @ pixels.weight.T + pixels.bias)


def test_rectified_linear_units_if_wished() -> None:
    net = deep_autoencoder(sizes=[4, 3, 2], activation="relu")
    assert isinstance(net, DeepAutoencoder)
    with torch.no_grad():
        net.encoder[0].weight.fill_(-1.0)
        net.encoder[1].bias.fill_(7.0)
    assert net.encode(torch.ones(1, 4)).tolist() == [[7.0, 7.0]], "no unit is on, so only the bias is left"


def test_small_weights_and_glorots() -> None:
    torch.manual_seed(0)
    small, glorot = deep_autoencoder(init_std=0.01), deep_autoencoder(init="glorot")
    assert isinstance(small, DeepAutoencoder)
    assert isinstance(glorot, DeepAutoencoder)
    for layer in small.encoder:
        assert float(layer.weight.detach().std()) == pytest.approx(0.01, rel=0.03)
        assert not layer.bias.any()
    for layer in glorot.decoder:  # variance 2 / (fan in + fan out), uniform
        bound = (6 / sum(layer.weight.shape)) ** 0.5
        assert float(layer.weight.detach().std()) == pytest.approx(bound / 3**0.5, rel=0.03)
        assert 0.95 * bound < float(layer.weight.detach().max()) <= bound


def test_one_size_is_no_net() -> None:
    with pytest.raises(ValueError, match="at least the pixels and the code"):
        deep_autoencoder(sizes=[784])


def test_a_principal_subspace_has_a_mean_and_directions() -> None:
    plane = principal_subspace()
    assert sum(p.numel() for p in plane.parameters()) == 784 + 30 * 784
    assert plane(torch.zeros(2, 1, 28, 28)).shape == (2, 784)
