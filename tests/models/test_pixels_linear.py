"""A linear classifier on standardised pixels."""

import torch

from dlbench.models.pixels_linear import pixels_linear


def test_features_are_the_pixels_until_standardised() -> None:
    net = pixels_linear(classes=2, size=4, channels=1)
    images = torch.rand(3, 1, 4, 4)
    expected = images.reshape(3, 16) @ net.get_parameter("classifier.weight").T + net.get_parameter("classifier.bias")
    torch.testing.assert_close(net(images), expected)


def test_mean_and_std_standardise_the_features() -> None:
    net = pixels_linear(classes=16, size=4, channels=1)
    images = torch.rand(50, 1, 4, 4)
    net.get_buffer("mean").copy_(images.mean(dim=0).flatten())
    net.get_buffer("std").copy_(images.std(dim=0).flatten())
    torch.nn.init.eye_(net.get_parameter("classifier.weight"))
    torch.nn.init.zeros_(net.get_parameter("classifier.bias"))

    standardised = net(images)
    torch.testing.assert_close(standardised.mean(dim=0), torch.zeros(16), atol=1e-5, rtol=0)
    torch.testing.assert_close(standardised.std(dim=0), torch.ones(16))


def test_standardisation_is_saved_but_not_trained() -> None:
    net = pixels_linear()
    assert {"mean", "std"} < net.state_dict().keys()
    assert [name for name, _ in net.named_parameters()] == ["classifier.weight", "classifier.bias"]
