"""Tiny CIFAR-10 and MNIST archives in the real formats, and torchvision made to expect them."""

import gzip
import hashlib
import io
import pickle
import struct
import tarfile
from pathlib import Path

import numpy as np
import pytest
import torchvision

from dlbench.data import files

CLASSES = ["airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"]


def md5(content: bytes) -> str:
    return hashlib.md5(content).hexdigest()


def cifar10_files() -> dict[str, bytes]:
    """Five training batches and a test batch of four images each."""
    random = np.random.default_rng(0)

    def batch() -> bytes:
        pixels = random.integers(256, size=(4, 3072), dtype=np.uint8)
        return pickle.dumps({"data": pixels, "labels": random.integers(10, size=4).tolist()})

    names = [f"data_batch_{number}" for number in range(1, 6)] + ["test_batch"]
    return {name: batch() for name in names} | {"batches.meta": pickle.dumps({"label_names": CLASSES})}


def cifar10_archive(content: dict[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as tar:
        for name, data in content.items():
            member = tarfile.TarInfo(f"cifar-10-batches-py/{name}")
            member.size = len(data)
            tar.addfile(member, io.BytesIO(data))
    return buffer.getvalue()


def expect_cifar10(monkeypatch: pytest.MonkeyPatch, content: dict[str, bytes]) -> None:
    """Make these files' checksums the published ones."""
    cifar10 = torchvision.datasets.CIFAR10
    batches = [[name, md5(data)] for name, data in content.items() if name != "batches.meta"]
    monkeypatch.setattr(cifar10, "train_list", batches[:5])
    monkeypatch.setattr(cifar10, "test_list", batches[5:])
    monkeypatch.setattr(cifar10, "meta", cifar10.meta | {"md5": md5(content["batches.meta"])})


def mnist_files() -> dict[str, bytes]:
    """Six training and three test images."""
    random = np.random.default_rng(0)
    content = {}
    for split, count in (("train", 6), ("t10k", 3)):
        pixels = random.integers(256, size=(count, 28, 28), dtype=np.uint8)
        content[f"{split}-images-idx3-ubyte"] = struct.pack(">4I", 0x803, count, 28, 28) + pixels.tobytes()
        content[f"{split}-labels-idx1-ubyte"] = struct.pack(">2I", 0x801, count) + bytes(range(count))
    return content


def expect_mnist(monkeypatch: pytest.MonkeyPatch, name: str, content: dict[str, bytes]) -> dict[str, bytes]:
    """Make these files' checksums the published ones; return the .gz files to serve."""
    packed = {f"{file}.gz": gzip.compress(data, mtime=0) for file, data in content.items()}
    reader = {"mnist": torchvision.datasets.MNIST, "fashion_mnist": torchvision.datasets.FashionMNIST}[name]
    monkeypatch.setattr(reader, "resources", [(file, md5(data)) for file, data in packed.items()])
    monkeypatch.setitem(files.IDX_MD5, name, {file: md5(data) for file, data in content.items()})
    return packed


def write(folder: Path, content: dict[str, bytes]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name, data in content.items():
        (folder / name).write_bytes(data)
