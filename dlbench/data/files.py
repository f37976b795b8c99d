"""Files to examples. Nothing is read before its bytes match the published checksum: CIFAR's files are pickles."""

import gzip
import hashlib
import io
import pickle
import zlib
from collections.abc import Mapping, Sequence
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
DIGITS_MD5 = {"digits.csv": "a0339c30a8a5312a1b6f9e5c719dcce5"}
"""MD5 of the unpacked files: torchvision publishes only those of the .gz, which also depend on the packing's date."""


ARRAYS = {
    ("numpy", "dtype"),
    ("numpy", "ndarray"),
    ("numpy.core.multiarray", "_reconstruct"),
    ("numpy._core.multiarray", "_reconstruct"),
    ("numpy._core.numeric", "_frombuffer"),
}
"""All that a pickle of CIFAR may call, whichever numpy packed it."""


def read_cifar(folder: Path, name: str) -> tuple[Examples, Examples, tuple[str, ...]]:
    """Return training examples, test examples and class names of cifar10 or cifar100 below `folder`.

    The files are read here and not by torchvision, which opens them again after it has verified them.
    """
    import torchvision

    place = located(name, folder)
    if place is None:
        raise missing(name, folder)
    reader: Any = getattr(torchvision.datasets, find(name).torchvision)
    train, test = (_cifar(name, place, [file for file, _ in files]) for files in (reader.train_list, reader.test_list))
    return train, test, tuple(_unpickled(name, place, reader.meta["filename"])[reader.meta["key"]])


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
    """Return file name -> MD5: torchvision's for the CIFAR data sets, those of the unpacked files for all others."""
    if name in IDX_MD5 or name == "digits":
        return DIGITS_MD5 if name == "digits" else IDX_MD5[name]
    import torchvision

    reader: Any = getattr(torchvision.datasets, find(name).torchvision)
    return dict([*reader.train_list, *reader.test_list, (reader.meta["filename"], reader.meta["md5"])])


def _cifar(name: str, folder: Path, files: Sequence[str]) -> Examples:
    """Return the examples of some of CIFAR's files, [n, 3, 32, 32]; of cifar100 the 100 fine classes."""
    batches = [_unpickled(name, folder, file) for file in files]
    labels = "labels" if name == "cifar10" else "fine_labels"
    pixels = np.concatenate([batch["data"] for batch in batches]).reshape(-1, 3, 32, 32)
    return _images(pixels.transpose(0, 2, 3, 1), [label for batch in batches for label in batch[labels]])


def _unpickled(name: str, folder: Path, file: str) -> Any:
    """Return what one of CIFAR's files holds: its very bytes are verified, and then nothing but arrays is made."""
    try:
        return _Arrays(io.BytesIO(_verified_bytes(name, folder, file)), encoding="latin1").load()
    except pickle.UnpicklingError as error:
        raise InputError(f"{folder / file}: {error}") from None


class _Arrays(pickle.Unpickler):
    """Calls nothing but what makes arrays, as a second line of defence behind the checksum."""

    def find_class(self, module: str, name: str) -> Any:
        if (module, name) not in ARRAYS:
            raise pickle.UnpicklingError(f"would call {module}.{name}: not CIFAR, do not use it")
        return super().find_class(module, name)


def _verified_bytes(name: str, folder: Path, file: str) -> bytes:
    """Return the unpacked content of a data set's file, verified."""
    packed = name == "digits" or folder == sources.DEBIAN_FASHION_MNIST
    path = folder / f"{file}.gz" if packed else folder / file
    try:
        content = path.read_bytes()
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror})") from error
    if packed:
        content = _unpacked(content)
    if hashlib.md5(content, usedforsecurity=False).hexdigest() != published_md5(name)[file]:
        package = "scikit-learn" if name == "digits" else "the package dataset-fashion-mnist"
        way_out = f"reinstall {package}" if packed else f"run `dlbench data get {name}`"
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
