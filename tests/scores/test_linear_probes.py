"""Probes: they see each layer's activations, averaged down, and nothing of the net changes."""

from __future__ import annotations

from collections import OrderedDict

import pytest
import torch
from torch import Tensor, nn

from dlbench.data.dataset import Dataset, Examples
from dlbench.models.cuda_convnet import cuda_convnet
from dlbench.scores.classification_error import classification_error
from dlbench.scores.linear_probes import linear_probes


class OneSide(nn.Module):
    """Keeps the upper half of the rows, in which the classes differ, or the lower one, in which they do not."""

    def __init__(self, *, upper: bool) -> None:
        super().__init__()
        self.upper = upper

    def forward(self, images: Tensor) -> Tensor:
        return images[:, :, :4] if self.upper else images[:, :, 4:]


def data() -> Dataset:
    """Two classes of 8x8 images, the upper half of the second being brighter; the rest is noise."""
    generator = torch.Generator().manual_seed(0)
    images = torch.randint(0, 100, (240, 1, 8, 8), generator=generator, dtype=torch.uint8)
    targets = torch.arange(240) % 2
    images[targets == 1, :, :4] += 100
    train, test = Examples(images[:120], targets[:120]), Examples(images[120:], targets[120:])
    return Dataset(train, test, ("dark", "bright"), torch.tensor(0.0), torch.tensor(1 / 255))


def net(*, upper: bool) -> nn.Module:
    return nn.Sequential(OrderedDict(side=OneSide(upper=upper), flatten=nn.Flatten(), classifier=nn.Linear(32, 2)))


def held_out(whole: Dataset) -> Examples:
    """The same as the training examples, and not them."""
    return Examples(whole.train.inputs, whole.train.targets)


def test_a_probe_finds_what_its_layer_keeps_and_nothing_else() -> None:
    whole = data()
    assert whole.test is not None
    kept, lost = (linear_probes(net(upper=upper), whole, whole.test, layers=["side"]) for upper in (True, False))
    assert kept["side_probe_error_percent"] == 0
    assert 25 < lost["side_probe_error_percent"] < 75


def test_the_model_s_own_score_stands_beside_its_probes() -> None:
    whole, model = data(), net(upper=True)
    scores = linear_probes(model, whole, held_out(whole), layers=["side", "flatten"])
    own = classification_error(model, whole, whole.train)
    assert own.items() <= scores.items()
    assert set(scores) - set(own) == {"side_probe_error_percent", "flatten_probe_error_percent"}


def test_training_examples_taught_the_probes_and_do_not_judge_them() -> None:
    whole, model = data(), net(upper=True)
    scores = linear_probes(model, whole, whole.train, layers=["side"])
    assert scores == classification_error(model, whole, whole.train)


def test_maps_are_averaged_down() -> None:
    """With `side: 1` a map is its mean: a pattern of mean zero leaves the probe nothing."""
    generator = torch.Generator().manual_seed(0)
    checks = torch.full((8, 8), 100).add(50 * (torch.arange(64).view(8, 8) % 2)).to(torch.uint8)
    images = torch.stack([checks, checks.roll(1, 1)]).repeat(40, 1, 1)[:, None]
    images += torch.randint(0, 5, images.shape, generator=generator, dtype=torch.uint8)
    whole = Dataset(
        Examples(images, torch.arange(80) % 2), None, ("even", "odd"), torch.tensor(0.0), torch.tensor(1 / 255)
    )
    model = nn.Sequential(OrderedDict(pixels=nn.Identity(), out=nn.Sequential(nn.Flatten(), nn.Linear(64, 2))))
    errors = [
        linear_probes(model, whole, held_out(whole), layers=["pixels"], side=side)["pixels_probe_error_percent"]
        for side in (8, 1)
    ]
    assert errors[0] == 0
    assert errors[1] > 25


def test_the_net_and_the_random_numbers_of_others_stay_as_they_were() -> None:
    whole, model = data(), net(upper=True)
    before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    torch.manual_seed(5)
    first = linear_probes(model, whole, held_out(whole), layers=["side"])
    assert all(torch.equal(before[name], tensor) for name, tensor in model.state_dict().items())
    assert not model.get_submodule("side")._forward_hooks
    assert model.training
    torch.manual_seed(6)
    assert linear_probes(model, whole, held_out(whole), layers=["side"]) == first


def test_layers_of_a_convolutional_net() -> None:
    generator = torch.Generator().manual_seed(0)
    images = torch.randint(0, 256, (40, 3, 32, 32), generator=generator, dtype=torch.uint8)
    whole = Dataset(
        Examples(images, torch.arange(40) % 10), None, tuple("0123456789"), torch.tensor(128.0), torch.tensor(1.0)
    )
    layers = ["pool1", "pool2", "pool3", "fc64_relu"]
    scores = linear_probes(cuda_convnet(), whole, held_out(whole), layers=layers)
    assert [scores[f"{layer}_probe_error_percent"] < 90 for layer in layers] == [True] * 4


def test_a_layer_that_is_not_there() -> None:
    whole = data()
    with pytest.raises(AttributeError, match="pool9"):
        linear_probes(net(upper=True), whole, held_out(whole), layers=["pool9"])
