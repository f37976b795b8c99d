"""Ioffe and Szegedy 2015, section 4.1."""

from collections.abc import Callable

import pytest
import torch
from torch import Tensor, nn

from dlbench.models.batchnorm_net import batchnorm_net

LAYERS = ("hidden1", "hidden2", "hidden3")


def binary_images(count: int) -> Tensor:
    return torch.rand(count, 1, 28, 28, generator=torch.Generator().manual_seed(0)).round()


@pytest.fixture
def net() -> nn.Module:
    torch.manual_seed(0)
    return batchnorm_net(batch_norm=True, init_sd=0.1).train()


def test_the_net_of_section_4_1_has_99710_parameters_and_normalisation_600_more() -> None:
    """784-100-100-100-10 with biases; a gain and a shift for each of the 300 hidden units."""
    sizes = [sum(p.numel() for p in batchnorm_net(batch_norm=on, init_sd=0.1).parameters()) for on in (False, True)]
    assert sizes == [99_710, 99_710 + 600]
    plain = batchnorm_net(batch_norm=False, init_sd=0.1)
    assert [
        sum(p.numel() for p in plain.get_submodule(name).parameters()) for name in (*LAYERS, "output")
    ] == [78_500, 10_100, 10_100, 1_010]  # fmt: skip


def test_weights_start_gaussian_and_biases_from_zero(assert_normal: Callable[[Tensor, float], None]) -> None:
    torch.manual_seed(0)
    net = batchnorm_net(batch_norm=True, init_sd=0.03)
    for name in (*LAYERS, "output"):
        assert_normal(net.get_parameter(f"{name}.weight"), 0.03)
        assert not net.get_parameter(f"{name}.bias").any()
    assert all(torch.equal(net.get_parameter(f"{name}_norm.weight"), torch.ones(100)) for name in LAYERS)


def test_what_a_sigmoid_sees_in_training_is_normalised_over_the_batch(net: nn.Module) -> None:
    seen: dict[str, Tensor] = {}
    for name in LAYERS:
        layer = net.get_submodule(f"{name}_activation")
        layer.register_forward_pre_hook(lambda _, inputs, name=name: seen.update({name: inputs[0]}))
    net(binary_images(60))
    for values in seen.values():
        torch.testing.assert_close(values.mean(0), torch.zeros(100), rtol=0, atol=1e-4)
        torch.testing.assert_close(values.var(0, correction=0), torch.ones(100), rtol=0, atol=1e-2)
    assert set(seen) == set(LAYERS)


def test_the_size_of_the_weights_does_not_change_what_a_normalised_layer_says(net: nn.Module) -> None:
    """Section 3.3: BN(Wu) = BN((aW)u)."""
    images = binary_images(60)
    before = net(images)
    with torch.no_grad():
        for name in LAYERS:
            net.get_parameter(f"{name}.weight").mul_(7.0)
    torch.testing.assert_close(net(images), before, rtol=0, atol=1e-3)


def test_a_bias_before_normalisation_does_nothing(net: nn.Module) -> None:
    """Section 3.2: its effect is cancelled by the subtraction of the mean."""
    images = binary_images(60)
    before = net(images)
    with torch.no_grad():
        for name in LAYERS:
            net.get_parameter(f"{name}.bias").add_(3.0)
    torch.testing.assert_close(net(images), before, rtol=0, atol=1e-4)


def test_without_normalisation_both_matter() -> None:
    images = binary_images(60)
    for kind, change in (("weight", 7.0), ("bias", 3.0)):
        torch.manual_seed(0)
        plain = batchnorm_net(batch_norm=False, init_sd=0.1)
        before = plain(images)
        with torch.no_grad():
            parameter = plain.get_parameter(f"hidden1.{kind}")
            parameter.copy_(parameter * change if kind == "weight" else parameter + change)
        assert (plain(images) - before).abs().max() > 0.01


def test_a_test_image_is_normalised_by_the_population_with_the_unbiased_variance(net: nn.Module) -> None:
    """Algorithm 2: E[x] is the batches' mean and Var[x] is m / (m - 1) times the mean of their variances."""
    images = binary_images(60)
    for _ in range(200):  # the moving average forgets its start: 0.9^200
        net(images)
    layer, norm = net.get_submodule("hidden1"), net.get_submodule("hidden1_norm")
    net.eval()
    with torch.no_grad():
        x = layer(images.flatten(1))
        expected = (x - x.mean(0)) / (x.var(0, correction=0) * 60 / 59 + 1e-5).sqrt()
        torch.testing.assert_close(norm(x), expected, rtol=0, atol=1e-4)
        torch.testing.assert_close(net(images[:1]), net(images)[:1], rtol=0, atol=1e-5)
