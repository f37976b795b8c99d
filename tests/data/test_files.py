import pickle
from pathlib import Path

import pytest
import tiny
import torch

from dlbench.data import sources
from dlbench.data.cifar10 import cifar10
from dlbench.data.fashion_mnist import fashion_mnist
from dlbench.data.files import published_md5
from dlbench.data.mnist import mnist
from dlbench.errors import InputError


class Exploit:
    """A pickle that, when loaded, leaves a file behind."""

    def __init__(self, proof: Path) -> None:
        self.proof = proof

    def __reduce__(self):
        return Path.touch, (self.proof,)


@pytest.mark.parametrize("file", [*(f"data_batch_{number}" for number in range(1, 6)), "test_batch", "batches.meta"])
def test_a_changed_pickle_is_refused_unread(file: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    content, proof = tiny.cifar10_files(), tmp_path / "proof"
    tiny.expect_cifar10(monkeypatch, content)
    tiny.write(tmp_path / "cifar-10-batches-py", content | {file: pickle.dumps(Exploit(proof))})
    with pytest.raises(InputError) as caught:
        cifar10(tmp_path)
    assert not proof.exists()
    message = str(caught.value)
    assert str(tmp_path / "cifar-10-batches-py" / file) in message
    assert "delete it and run `dlbench data get cifar10`" in message and "\n" not in message


def test_cifar10_reads_pixels_where_they_belong(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    content = tiny.cifar10_files()
    tiny.expect_cifar10(monkeypatch, content)
    tiny.write(tmp_path / "cifar-10-batches-py", content)
    data = cifar10(tmp_path)
    second = pickle.loads(content["data_batch_2"])
    assert data.train.inputs.shape == (20, 3, 32, 32) and data.train.inputs.dtype == torch.uint8
    assert data.train.inputs[5, 2, 7, 9] == second["data"][1, 2 * 1024 + 7 * 32 + 9]
    assert data.train.targets[4:8].tolist() == second["labels"]
    assert data.test is not None and len(data.test) == 4
    assert data.classes == tuple(tiny.CLASSES)


@pytest.mark.parametrize("damage", [lambda data: data[:-1], lambda data: data[:-1] + bytes([data[-1] ^ 1])])
@pytest.mark.parametrize("file", tiny.mnist_files())
def test_a_changed_idx_file_is_refused(damage, file: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    content = tiny.mnist_files()
    tiny.expect_mnist(monkeypatch, "mnist", content)
    tiny.write(tmp_path / "MNIST" / "raw", content | {file: damage(content[file])})
    with pytest.raises(InputError, match=r"checksum is wrong: delete it and run `dlbench data get mnist`$") as caught:
        mnist(tmp_path)
    assert str(tmp_path / "MNIST" / "raw" / file) in str(caught.value)


def test_fashion_mnist_prefers_the_data_folder_to_debians(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    content = tiny.mnist_files()
    packed = tiny.expect_mnist(monkeypatch, "fashion_mnist", content)
    monkeypatch.setattr(sources, "DEBIAN_FASHION_MNIST", tmp_path / "debian")
    tiny.write(tmp_path / "debian", packed)
    assert sources.path("fashion_mnist", tmp_path) == tmp_path / "debian"
    from_debian = fashion_mnist(tmp_path)
    tiny.write(tmp_path / "FashionMNIST" / "raw", content)
    assert sources.path("fashion_mnist", tmp_path) == tmp_path / "FashionMNIST" / "raw"
    assert fashion_mnist(tmp_path).digest == from_debian.digest


@pytest.mark.parametrize("content", [b"", b"no gzip", None])
def test_a_damaged_debian_file_says_which_package(
    content: bytes | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    packed = tiny.expect_mnist(monkeypatch, "fashion_mnist", tiny.mnist_files())
    file = "train-labels-idx1-ubyte.gz"
    monkeypatch.setattr(sources, "DEBIAN_FASHION_MNIST", tmp_path)
    tiny.write(tmp_path, packed | {file: packed[file][:-9] if content is None else content})
    with pytest.raises(InputError, match="reinstall the package dataset-fashion-mnist") as caught:
        fashion_mnist(tmp_path / "elsewhere")
    assert str(tmp_path / file) in str(caught.value)


@pytest.mark.parametrize("name", ["cifar10", "cifar100", "mnist", "fashion_mnist"])
def test_every_file_has_a_published_checksum(name: str) -> None:
    assert set(published_md5(name)) == set(sources.DATASETS[name].files)
    assert all(len(digest) == 32 for digest in published_md5(name).values())
