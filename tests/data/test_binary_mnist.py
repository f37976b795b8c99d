"""MNIST in black and white."""

from pathlib import Path

import pytest
import torch

from dlbench.data.binary_mnist import binary_mnist
from dlbench.data.digits import digits
from dlbench.data.mnist import mnist
from dlbench.errors import InputError


def test_a_pixel_with_half_of_full_ink_is_one(tiny_mnist, tmp_path: Path) -> None:
    tiny_mnist.write(tmp_path, "mnist")
    grey, binary = mnist(tmp_path), binary_mnist(tmp_path)
    assert binary.test is not None
    assert grey.test is not None
    for one, other in ((grey.train, binary.train), (grey.test, binary.test)):
        assert torch.equal(other.inputs, (one.inputs.float() / 255 > 0.5).to(torch.uint8))
        assert torch.equal(other.targets, one.targets)
    assert binary.train.inputs.unique().tolist() == [0, 1]


def test_a_net_sees_noughts_and_ones(tiny_mnist, tmp_path: Path) -> None:
    tiny_mnist.write(tmp_path, "mnist")
    data = binary_mnist(tmp_path, train_examples=4, test_examples=2)
    assert data.test is not None
    assert (len(data.train), len(data.test), data.shape) == (4, 2, (1, 28, 28))
    seen = data.prepare(data.train.inputs)
    assert seen.dtype == torch.float32
    assert torch.equal(seen, data.train.inputs.float())


def test_without_files_it_asks_for_mnist(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="dlbench data get mnist"):
        binary_mnist(tmp_path)


def test_bundled_digits_stand_in_with_their_margin_cut_off(tmp_path: Path) -> None:
    binary, grey = binary_mnist(tmp_path, of="digits", train_examples=300), digits(tmp_path, train_examples=300)
    assert binary.shape == (1, 28, 28)
    assert torch.equal(binary.train.targets, grey.train.targets)
    middle = grey.train.inputs[:, :, 2:30, 2:30]
    assert torch.equal(binary.train.inputs.bool(), middle > 127)
    assert 0.1 < binary.train.inputs.float().mean() < 0.5
