"""Images as their own targets."""

from pathlib import Path

import pytest
import torch

from dlbench.data.mnist import mnist
from dlbench.data.reconstruction import reconstruction
from dlbench.errors import InputError


def test_targets_are_the_prepared_pixels(tmp_path: Path) -> None:
    data = reconstruction(tmp_path, of="digits", train_examples=20, test_examples=10)
    assert data.test is not None
    assert data.classes == ()
    assert (len(data.train), len(data.test), data.shape) == (20, 10, (1, 28, 28))
    for half in (data.train, data.test):
        assert half.targets.shape == (len(half), 784)
        assert half.targets.dtype == torch.float32
        torch.testing.assert_close(half.targets, half.inputs.flatten(1) / 255)
        assert float(half.targets.max()) == 1.0


def test_digits_lie_in_the_middle(tmp_path: Path) -> None:
    images = reconstruction(tmp_path, of="digits", train_examples=50).train.inputs
    ink = images.float().sum((0, 1))
    assert float(ink[10:18, 10:18].sum()) == float(ink.sum()) > 0


def test_mnist_keeps_its_images(real_data: Path) -> None:
    data = reconstruction(real_data, train_examples=100)
    assert torch.equal(data.train.inputs, mnist(real_data, train_examples=100).train.inputs)
    assert data.test is not None
    assert data.test.targets.shape == (10_000, 784)


def test_too_many_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="train_examples: 5000 asked for"):
        reconstruction(tmp_path, of="digits", train_examples=5000)
