import hashlib
import pickle
from pathlib import Path

import numpy as np
import pytest
import torch
import torchvision

from dlbench.data import files, sources
from dlbench.data.cifar10 import cifar10
from dlbench.data.cifar100 import cifar100
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


@pytest.mark.parametrize("file", sources.DATASETS["cifar10"].files)
def test_a_changed_pickle_is_refused_unread(file: str, tmp_path: Path, tiny_cifar10) -> None:
    proof = tmp_path / "proof"
    pickled = pickle.dumps(Exploit(proof))
    folder = tiny_cifar10.write(tmp_path, {file: pickled})
    with pytest.raises(InputError) as caught:
        cifar10(tmp_path)
    assert not proof.exists()
    message = str(caught.value)
    assert str(folder / file) in message
    assert "delete it and run `dlbench data get cifar10`" in message
    assert "\n" not in message
    pickle.loads(pickled)
    assert proof.exists(), "the exploit works, had it been loaded"


def test_even_with_the_right_checksum_a_pickle_calls_nothing_but_arrays(
    tmp_path: Path, tiny_cifar10, monkeypatch: pytest.MonkeyPatch
) -> None:
    proof = tmp_path / "proof"
    pickled = pickle.dumps(Exploit(proof))
    tiny_cifar10.write(tmp_path, {"data_batch_1": pickled})
    reader = torchvision.datasets.CIFAR10
    forged = [["data_batch_1", hashlib.md5(pickled).hexdigest()], *reader.train_list[1:]]
    monkeypatch.setattr(reader, "train_list", forged)
    with pytest.raises(InputError, match=r"data_batch_1: would call \S+: not CIFAR, do not use it$"):
        cifar10(tmp_path)
    assert not proof.exists()


@pytest.mark.parametrize("file", sources.DATASETS["cifar100"].files)
def test_cifar100_reads_fine_classes_and_refuses_a_flipped_bit(
    file: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    random = np.random.default_rng(0)
    pixels = {split: random.integers(256, size=(3, 3072), dtype=np.uint8) for split in ("train", "test")}
    labels = {"fine_labels": [99, 0, 7], "coarse_labels": [1, 2, 3]}
    held = {split: {"data": pixels[split], **labels} for split in pixels} | {"meta": {"fine_label_names": ["apple"]}}
    content = {name: pickle.dumps(value) for name, value in held.items()}
    md5 = {name: hashlib.md5(data).hexdigest() for name, data in content.items()}
    reader = torchvision.datasets.CIFAR100
    monkeypatch.setattr(reader, "train_list", [["train", md5["train"]]])
    monkeypatch.setattr(reader, "test_list", [["test", md5["test"]]])
    monkeypatch.setattr(reader, "meta", reader.meta | {"md5": md5["meta"]})
    folder = tmp_path / sources.DATASETS["cifar100"].subfolder
    folder.mkdir()
    for name, data in content.items():
        (folder / name).write_bytes(data)
    train, test, classes = files.read_cifar(tmp_path, "cifar100")
    assert train.targets.tolist() == test.targets.tolist() == [99, 0, 7]
    assert classes == ("apple",)
    assert train.inputs[1, 2, 7, 9] == pixels["train"][1, 2 * 1024 + 7 * 32 + 9]
    flipped = bytearray(content[file])
    flipped[len(flipped) // 2] ^= 1
    (folder / file).write_bytes(flipped)
    with pytest.raises(InputError, match=rf"{file}: damaged, its checksum is wrong"):
        cifar100(tmp_path)


@pytest.mark.parametrize("file", sources.IDX_FILES)
def test_a_flipped_bit_in_debians_files_is_refused(
    file: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, tiny_mnist
) -> None:
    monkeypatch.setattr(sources, "DEBIAN_FASHION_MNIST", tmp_path)
    flipped = bytearray(tiny_mnist.packed[f"{file}.gz"])
    flipped[len(flipped) // 2] ^= 1
    tiny_mnist.write_packed(tmp_path, {f"{file}.gz": bytes(flipped)})
    with pytest.raises(InputError, match="checksum is wrong"):
        fashion_mnist(tmp_path / "elsewhere")


def test_the_bundled_digits_have_a_checksum_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    bundled = files.verify("digits", tmp_path)
    packed = bytearray((bundled / "digits.csv.gz").read_bytes())
    packed[len(packed) // 2] ^= 1
    (tmp_path / "digits.csv.gz").write_bytes(packed)
    monkeypatch.setattr(files, "located", lambda *_: tmp_path)
    with pytest.raises(InputError, match=r"digits\.csv\.gz: damaged.*reinstall scikit-learn"):
        files.verify("digits", tmp_path)


def test_cifar10_reads_pixels_where_they_belong(tmp_path: Path, tiny_cifar10) -> None:
    tiny_cifar10.write(tmp_path)
    data = cifar10(tmp_path)
    second = pickle.loads(tiny_cifar10.content["data_batch_2"])
    assert data.train.inputs.shape == (20, 3, 32, 32)
    assert data.train.inputs.dtype == torch.uint8
    assert data.train.inputs[5, 2, 7, 9] == second["data"][1, 2 * 1024 + 7 * 32 + 9]
    assert data.train.targets[4:8].tolist() == second["labels"]
    assert data.test is not None
    assert len(data.test) == 4
    assert data.classes[0] == "airplane"
    assert data.classes[9] == "truck"


@pytest.mark.parametrize("damage", [lambda data: data[:-1], lambda data: data[:-1] + bytes([data[-1] ^ 1])])
@pytest.mark.parametrize("file", sources.IDX_FILES)
def test_a_changed_idx_file_is_refused(damage, file: str, tmp_path: Path, tiny_mnist) -> None:
    folder = tiny_mnist.write(tmp_path, "mnist", {file: damage(tiny_mnist.content[file])})
    with pytest.raises(InputError, match=r"checksum is wrong: delete it and run `dlbench data get mnist`$") as caught:
        mnist(tmp_path)
    assert str(folder / file) in str(caught.value)


def test_torchvisions_unverified_cache_of_mnist_is_not_read(tmp_path: Path, tiny_mnist) -> None:
    """torchvision prefers MNIST/processed/*.pt, which old versions wrote, without a checksum."""
    tiny_mnist.write(tmp_path, "mnist")
    (tmp_path / "MNIST" / "processed").mkdir()
    for file in ("training.pt", "test.pt"):
        torch.save((torch.zeros(2, 28, 28, dtype=torch.uint8), torch.zeros(2)), tmp_path / "MNIST" / "processed" / file)
    assert mnist(tmp_path).train.targets.tolist() == [0, 1, 2, 3, 4, 5]


def test_fashion_mnist_prefers_the_data_folder_to_debians(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, tiny_mnist
) -> None:
    debian = tmp_path / "debian"
    monkeypatch.setattr(sources, "DEBIAN_FASHION_MNIST", debian)
    tiny_mnist.write_packed(debian)
    assert sources.path("fashion_mnist", tmp_path) == debian
    from_debian = fashion_mnist(tmp_path)
    folder = tiny_mnist.write(tmp_path, "fashion_mnist")
    assert sources.path("fashion_mnist", tmp_path) == folder
    assert fashion_mnist(tmp_path).digest == from_debian.digest


@pytest.mark.parametrize("damage", [lambda _: b"", lambda _: b"no gzip", lambda data: data[:-9]])
def test_a_damaged_debian_file_says_which_package(
    damage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, tiny_mnist
) -> None:
    file = "train-labels-idx1-ubyte.gz"
    monkeypatch.setattr(sources, "DEBIAN_FASHION_MNIST", tmp_path)
    tiny_mnist.write_packed(tmp_path, {file: damage(tiny_mnist.packed[file])})
    with pytest.raises(InputError, match="reinstall the package dataset-fashion-mnist") as caught:
        fashion_mnist(tmp_path / "elsewhere")
    assert str(tmp_path / file) in str(caught.value)


@pytest.mark.parametrize("name", ["cifar10", "cifar100", "mnist", "fashion_mnist"])
def test_every_file_has_a_published_checksum(name: str) -> None:
    assert set(published_md5(name)) == set(sources.DATASETS[name].files)
    assert all(len(digest) == 32 for digest in published_md5(name).values())
