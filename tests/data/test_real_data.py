"""What is known about the real data sets, from their makers."""

from pathlib import Path

import pytest
import torch

from dlbench.data.cifar10 import cifar10
from dlbench.data.dataset import Dataset
from dlbench.data.fashion_mnist import fashion_mnist
from dlbench.data.mnist import mnist
from dlbench.data.sources import available


def per_class(data: Dataset) -> tuple[list[int], list[int]]:
    assert data.test is not None
    return torch.bincount(data.train.targets).tolist(), torch.bincount(data.test.targets).tolist()


@pytest.fixture(scope="module")
def photographs(real_data: Path) -> Dataset:
    return cifar10(real_data)


def test_cifar10_has_5000_and_1000_images_a_class(photographs: Dataset) -> None:
    assert photographs.shape == (3, 32, 32)
    assert per_class(photographs) == ([5000] * 10, [1000] * 10)


def test_cifar10_prepared_has_a_mean_image_of_zero(photographs: Dataset) -> None:
    total = sum(photographs.prepare(part).double().sum(0) for part in torch.split(photographs.train.inputs, 10_000))
    assert isinstance(total, torch.Tensor)
    assert (total / 50_000).abs().max() < 1e-6


def test_cifar10s_mean_and_deviation_are_the_known_ones(real_data: Path) -> None:
    """The figures that every CIFAR-10 implementation carries, to their four places."""
    data = cifar10(real_data, normalise="per_channel")
    mean, deviation = data.shift.flatten() / 255, 1 / (data.scale.flatten() * 255)
    torch.testing.assert_close(mean, torch.tensor([0.4914, 0.4822, 0.4465]), rtol=0, atol=6e-5)
    torch.testing.assert_close(deviation, torch.tensor([0.2470, 0.2435, 0.2616]), rtol=0, atol=6e-5)


def test_a_subset_is_the_beginning_and_has_its_own_mean(real_data: Path, photographs: Dataset) -> None:
    data = cifar10(real_data, train_examples=2000, test_examples=500, augment="pad_crop_flip")
    assert data.test is not None
    assert (len(data.train), len(data.test)) == (2000, 500)
    assert torch.equal(data.train.inputs, photographs.train.inputs[:2000])
    assert data.prepare(data.train.inputs).mean(0).abs().max() < 1e-5
    assert data.augment is not None
    assert photographs.augment is None


def test_cifar10s_first_images_are_a_frog_and_a_truck(photographs: Dataset) -> None:
    assert [photographs.classes[target] for target in photographs.train.targets[:2].tolist()] == ["frog", "truck"]


def test_mnists_class_counts(real_data: Path) -> None:
    assert per_class(mnist(real_data)) == (
        [5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949],
        [980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009],
    )


def test_mnist_in_lenets_frame(real_data: Path) -> None:
    data = mnist(real_data, size=32, train_examples=3000)
    prepared = data.prepare(data.train.inputs)
    assert prepared.shape == (3000, 1, 32, 32)
    assert torch.equal(prepared[:, :, :2], torch.full((3000, 1, 2, 32), prepared.min()))
    torch.testing.assert_close(
        prepared.aminmax(), torch.return_types.aminmax((torch.tensor(-0.1), torch.tensor(1.175)))
    )


def test_mnists_mean_and_deviation_are_the_known_ones(real_data: Path) -> None:
    data = mnist(real_data, normalise="standard")
    torch.testing.assert_close(data.shift.flatten() / 255, torch.tensor([0.1307]), rtol=0, atol=6e-5)
    torch.testing.assert_close(1 / (data.scale.flatten() * 255), torch.tensor([0.3081]), rtol=0, atol=6e-5)


def test_fashion_mnist_has_6000_and_1000_pictures_a_class(tmp_path: Path) -> None:
    if not available("fashion_mnist", tmp_path):
        pytest.skip("Debian's package dataset-fashion-mnist is not installed")
    data = fashion_mnist(tmp_path, normalise="standard")
    assert per_class(data) == ([6000] * 10, [1000] * 10)
    torch.testing.assert_close(data.shift.flatten() / 255, torch.tensor([0.2860]), rtol=0, atol=6e-5)
    assert [data.classes[target] for target in data.train.targets[:2].tolist()] == ["Ankle boot", "T-shirt/top"]
