"""Tiny CIFAR-10 and MNIST files in the real formats, and torchvision made to expect them."""

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

from dlbench.data import files, sources

CLASSES = ["airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"]
Content = dict[str, bytes]


def md5(content: bytes) -> str:
    return hashlib.md5(content).hexdigest()


def write(folder: Path, content: Content) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name, data in content.items():
        (folder / name).write_bytes(data)


class TinyCifar10:
    """Five training batches and a test batch of four images each, whose checksums are the published ones."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        random = np.random.default_rng(0)
        self.content = {name: self._batch(random) for name in sources.DATASETS["cifar10"].files if "batch_" in name}
        self.content |= {"test_batch": self._batch(random), "batches.meta": pickle.dumps({"label_names": CLASSES})}
        digest = {name: md5(data) for name, data in self.content.items()}
        reader = torchvision.datasets.CIFAR10
        monkeypatch.setattr(reader, "train_list", [[f"data_batch_{i}", digest[f"data_batch_{i}"]] for i in range(1, 6)])
        monkeypatch.setattr(reader, "test_list", [["test_batch", digest["test_batch"]]])
        monkeypatch.setattr(reader, "meta", reader.meta | {"md5": digest["batches.meta"]})
        monkeypatch.setattr(reader, "tgz_md5", md5(self.archive()))

    @staticmethod
    def _batch(random: np.random.Generator) -> bytes:
        pixels = random.integers(256, size=(4, 3072), dtype=np.uint8)
        return pickle.dumps({"data": pixels, "labels": random.integers(10, size=4).tolist()})

    def archive(self, **changes: bytes) -> bytes:
        """The archive to serve; the same bytes each time."""
        buffer = io.BytesIO()
        with gzip.GzipFile(fileobj=buffer, mode="wb", mtime=0) as packed, tarfile.open(fileobj=packed, mode="w") as tar:
            for name, data in (self.content | changes).items():
                member = tarfile.TarInfo(f"cifar-10-batches-py/{name}")
                member.size = len(data)
                tar.addfile(member, io.BytesIO(data))
        return buffer.getvalue()

    def write(self, root: Path, changes: Content | None = None) -> Path:
        """Put the files, some of them changed, where torchvision has them below `root`."""
        folder = root / "cifar-10-batches-py"
        write(folder, self.content | (changes or {}))
        return folder


class TinyMnist:
    """Six training and three test images in the format of both MNISTs, whose checksums are the published ones."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        random = np.random.default_rng(0)
        self.content: Content = {}
        for split, count in (("train", 6), ("t10k", 3)):
            pixels = random.integers(256, size=(count, 28, 28), dtype=np.uint8)
            self.content[f"{split}-images-idx3-ubyte"] = struct.pack(">4I", 0x803, count, 28, 28) + pixels.tobytes()
            self.content[f"{split}-labels-idx1-ubyte"] = struct.pack(">2I", 0x801, count) + bytes(range(count))
        self.packed = {f"{file}.gz": gzip.compress(data, mtime=0) for file, data in self.content.items()}
        resources = [(file, md5(data)) for file, data in self.packed.items()]
        for name in ("mnist", "fashion_mnist"):
            monkeypatch.setattr(
                getattr(torchvision.datasets, sources.DATASETS[name].torchvision), "resources", resources
            )
            monkeypatch.setitem(files.IDX_MD5, name, {file: md5(data) for file, data in self.content.items()})

    def write(self, root: Path, name: str, changes: Content | None = None) -> Path:
        """Put the files, some of them changed, where torchvision has them below `root`."""
        folder = root / sources.DATASETS[name].subfolder
        write(folder, self.content | (changes or {}))
        return folder

    def write_packed(self, folder: Path, changes: Content | None = None) -> None:
        """Put the .gz files, some of them changed, into `folder`."""
        write(folder, self.packed | (changes or {}))


@pytest.fixture
def tiny_cifar10(monkeypatch: pytest.MonkeyPatch) -> TinyCifar10:
    return TinyCifar10(monkeypatch)


@pytest.fixture
def tiny_mnist(monkeypatch: pytest.MonkeyPatch) -> TinyMnist:
    return TinyMnist(monkeypatch)
