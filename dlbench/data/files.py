"""Files to examples. Nothing is read before its bytes match the published checksum: CIFAR's files are pickles."""

import gzip
import hashlib
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch

from dlbench.data import sources
from dlbench.data.dataset import Examples
from dlbench.data.sources import find, located, missing
from dlbench.errors import InputError

IDX_MD5: Mapping[str, Mapping[str, str]] = {
    "mnist": {
        "train-images-idx3-ubyte": "6bbc9ace898e44ae57da46a324031adb",
        "train-labels-idx1-ubyte": "a25bea736e30d166cdddb491f175f624",
        "t10k-images-idx3-ubyte": "2646ac647ad5339dbf082846283269ea",
        "t10k-labels-idx1-ubyte": "27ae3e4e09519cfbb04c329615203637",
    },
    "fashion_mnist": {
        "train-images-idx3-ubyte": "f4a8712d7a061bf5bd6d2ca38dc4d50a",
        "train-labels-idx1-ubyte": "9018921c3c673c538a1fc5bad174d6f9",
        "t10k-images-idx3-ubyte": "8181f5470baa50b63fa0f6fddb340f0a",
        "t10k-labels-idx1-ubyte": "15d484375f8d13e6eb1aabb0c3f46965",
    },
}
"""MD5 of the unpacked files: torchvision publishes only those of the .gz, which also depend on the packing's date."""


def read_cifar(folder: Path, name: str) -> tuple[Examples, Examples, tuple[str, ...]]:
    """Return training examples, test examples and class names of cifar10 or cifar100 below `folder`.

    torchvision verifies every checksum itself before it unpickles; when it refuses, `verify` finds out why.
    """
    import torchvision

    if located(name, folder) is None:
        raise missing(name, folder)
    reader: Any = getattr(torchvision.datasets, find(name).torchvision)
    try:
        train, test = reader(folder, train=True), reader(folder, train=False)
    except (RuntimeError, OSError):
        verify(name, folder)
        raise
    return _images(train.data, train.targets), _images(test.data, test.targets), tuple(train.classes)


def read_idx(folder: Path, name: str) -> tuple[Examples, Examples]:
    """Return training and test examples of mnist or fashion_mnist below `folder`, uint8 [n, 1, 28, 28].

    The files are read here and not by torchvision, which does not verify them once they are unpacked.
    """
    place = located(name, folder)
    if place is None:
        raise missing(name, folder)
    arrays = {file: _idx(_verified_bytes(name, place, file)) for file in IDX_MD5[name]}
    train, test = (
        _images(arrays[f"{split}-images-idx3-ubyte"][..., None], arrays[f"{split}-labels-idx1-ubyte"])
        for split in ("train", "t10k")
    )
    return train, test


def verify(name: str, root: Path) -> Path:
    """Return the folder of a data set whose every file has its published MD5.

    Raises InputError that names the first file that has not, and the way out; or says that files are missing.
    """
    folder = located(name, root)
    if folder is None:
        raise missing(name, root)
    for file in published_md5(name):
        _verified_bytes(name, folder, file)
    return folder


def published_md5(name: str) -> Mapping[str, str]:
    """Return file name -> MD5: torchvision's for the CIFAR data sets, those of the unpacked files for the MNISTs."""
    if name in IDX_MD5:
        return IDX_MD5[name]
    import torchvision

    reader: Any = getattr(torchvision.datasets, find(name).torchvision)
    return dict([*reader.train_list, *reader.test_list, (reader.meta["filename"], reader.meta["md5"])])


def _verified_bytes(name: str, folder: Path, file: str) -> bytes:
    """Return the unpacked content of a data set's file, verified."""
    packed = folder == sources.DEBIAN_FASHION_MNIST
    path = folder / f"{file}.gz" if packed else folder / file
    try:
        content = path.read_bytes()
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror})") from error
    if packed:
        content = _unpacked(content)
    if hashlib.md5(content, usedforsecurity=False).hexdigest() != published_md5(name)[file]:
        way_out = "reinstall the package dataset-fashion-mnist" if packed else f"run `dlbench data get {name}`"
        raise InputError(f"{path}: damaged, its checksum is wrong: delete it and {way_out}")
    return content


def _unpacked(content: bytes) -> bytes:
    """Return what a .gz file holds; nothing if it is damaged, so that its checksum is wrong."""
    try:
        return gzip.decompress(content)
    except (OSError, EOFError, zlib.error):
        return b""


def _idx(content: bytes) -> np.ndarray[Any, np.dtype[np.uint8]]:
    """Return the array in an IDX file of bytes: two zeros, type 8, the number of dimensions, the sizes, the values."""
    dimensions = content[3]
    start = 4 + 4 * dimensions
    sizes = np.frombuffer(content[4:start], ">u4")
    return np.frombuffer(content, np.uint8, offset=start).reshape(*sizes)


def _images(pixels: np.ndarray[Any, np.dtype[np.uint8]], targets: Any) -> Examples:
    """Return examples of pixels [n, h, w, c], as uint8 [n, c, h, w] in channels_last, and their targets."""
    inputs = torch.from_numpy(np.array(pixels, order="C")).permute(0, 3, 1, 2)
    return Examples(inputs, torch.from_numpy(np.array(targets, dtype=np.int64)))
