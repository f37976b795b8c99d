"""MNIST's other forms: small, signed and shuffled."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import torch
from torch import Tensor

from dlbench.data.mnist import mnist, permuted, shrunk
from dlbench.errors import InputError

if TYPE_CHECKING:
    from .conftest import TinyMnist


def a_disc(size: int = 28) -> Tensor:
    place = torch.arange(size) - (size - 1) / 2
    return ((place[:, None] ** 2 + place**2 < 64).to(torch.uint8) * 255)[None, None]


@pytest.fixture
def folder(tmp_path: Path, tiny_mnist: TinyMnist) -> Path:
    tiny_mnist.write(tmp_path, "mnist")
    return tmp_path


def test_shuffling_keeps_every_pixel_and_is_the_same_for_all_images(folder: Path) -> None:
    plain, shuffled = mnist(folder), mnist(folder, permute_pixels=3)
    assert plain.test is not None
    assert shuffled.test is not None
    before = torch.cat([plain.train.inputs, plain.test.inputs]).flatten(1)
    after = torch.cat([shuffled.train.inputs, shuffled.test.inputs]).flatten(1)
    assert not torch.equal(before, after)
    columns = {tuple(column) for column in before.T.tolist()}
    assert {tuple(column) for column in after.T.tolist()} == columns
    assert torch.equal(after, mnist_again(folder))


def mnist_again(folder: Path) -> Tensor:
    data = mnist(folder, permute_pixels=3)
    assert data.test is not None
    return torch.cat([data.train.inputs, data.test.inputs]).flatten(1)


def test_another_seed_is_another_order() -> None:
    images = torch.arange(784).view(1, 1, 28, 28).to(torch.uint8)
    assert not torch.equal(permuted(images, 0), permuted(images, 1))
    assert permuted(images, 0).is_contiguous(memory_format=torch.channels_last)


def test_shuffled_images_are_framed_by_background(folder: Path) -> None:
    """The 28x28 pixels alone change their places: LeNet-5's frame stays empty."""
    frame = mnist(folder, size=32, permute_pixels=0).train.inputs.clone()
    frame[..., 2:-2, 2:-2] = 0
    assert not frame.any()


def test_small_images_are_means_of_their_neighbourhood() -> None:
    small = shrunk(a_disc(), 16)
    assert small.shape == (1, 1, 16, 16)
    assert small.dtype == torch.uint8
    assert float(small.float().mean()) == pytest.approx(float(a_disc().float().mean()), rel=0.05)
    assert torch.equal(small, small.flip(2).flip(3)), "the middle stays the middle"


def test_signed_is_minus_one_to_one(folder: Path) -> None:
    data = mnist(folder, size=16, normalise="signed")
    assert data.shape == (1, 16, 16)
    assert data.prepare(torch.tensor([0, 255], dtype=torch.uint8)).tolist() == pytest.approx([-1, 1])


def test_a_negative_seed_is_said(folder: Path) -> None:
    with pytest.raises(InputError, match="permute_pixels: -1"):
        mnist(folder, permute_pixels=-1)
