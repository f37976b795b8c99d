"""Where data sets come from: which there are, and where they lie. Importing this loads no torch."""

import os
import time
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import platformdirs

from dlbench.errors import InputError
from dlbench.reading import near

DEBIAN_FASHION_MNIST = Path("/usr/share/datasets/fashion-mnist")
"""Where Debian's package dataset-fashion-mnist puts its four .gz files."""

SCRATCH = ".download-"
ABANDONED_SECONDS = 3600  # a download stalled for a minute has ended
IDX_FILES = ("train-images-idx3-ubyte", "train-labels-idx1-ubyte", "t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte")


@dataclass(frozen=True)
class Source:
    """A data set: its name, what it holds, the download's size, and its files as torchvision lays them out."""

    name: str
    what: str
    megabytes: float = 0
    torchvision: str = ""
    subfolder: str = ""
    files: tuple[str, ...] = ()

    @property
    def is_made(self) -> bool:
        """Whether it needs no download: computed, or bundled with a library."""
        return not self.files


DATASETS = {
    source.name: source
    for source in (
        Source("mnist", "70,000 handwritten digits, 28x28", 11.6, "MNIST", "MNIST/raw", IDX_FILES),
        Source(
            "fashion_mnist",
            "70,000 pictures of clothing, 28x28, 10 classes",
            30.9,
            "FashionMNIST",
            "FashionMNIST/raw",
            IDX_FILES,
        ),
        Source(
            "cifar10",
            "60,000 colour photographs, 32x32, 10 classes",
            170.5,
            "CIFAR10",
            "cifar-10-batches-py",
            ("batches.meta", *(f"data_batch_{number}" for number in range(1, 6)), "test_batch"),
        ),
        Source(
            "cifar100",
            "60,000 colour photographs, 32x32, 100 classes",
            169.0,
            "CIFAR100",
            "cifar-100-python",
            ("meta", "train", "test"),
        ),
        Source("digits", "1,797 handwritten digits, 8x8, bundled with scikit-learn"),
        Source("truth_table", "AND, OR, NOT, XOR, parity and other Boolean functions, computed"),
        Source("synthetic", "random images of any shape, for throughput, computed"),
    )
}

MADE_FROM = {"binary_mnist": "mnist", "reconstruction": "mnist"}
"""Data made from a data set that `of` names: which, if it does not."""


def data_folder() -> Path:
    """Return the data root: DLBENCH_DATA, or `data` in the user's cache folder for dlbench."""
    chosen = os.environ.get("DLBENCH_DATA")
    return Path(chosen).expanduser() if chosen else platformdirs.user_cache_path("dlbench") / "data"


def read_for(name: str, arguments: Mapping[str, Any]) -> str:
    """The data set on disk that a recipe's data are made from, or their own name."""
    return str(arguments.get("of", MADE_FROM[name])) if name in MADE_FROM else name


def find(name: str) -> Source:
    """Return the data set of that name. Raises InputError, with near misses, if there is none."""
    if name not in DATASETS:
        raise InputError(f"unknown data set '{name}'{near(name, DATASETS)}; there are {', '.join(DATASETS)}")
    return DATASETS[name]


def located(name: str, root: Path) -> Path | None:
    """Return the folder that holds all files of a data set, by their names alone; None if there is no such folder."""
    source = find(name)
    if name == "digits":
        sklearn = find_spec("sklearn")
        return Path(sklearn.origin).parent / "datasets" / "data" if sklearn and sklearn.origin else None
    if source.is_made:
        return None
    folder = root / source.subfolder
    if all(os.path.isfile(folder / file) for file in source.files):
        return folder
    if name == "fashion_mnist" and all(os.path.isfile(DEBIAN_FASHION_MNIST / f"{file}.gz") for file in source.files):
        return DEBIAN_FASHION_MNIST
    return None


def available(name: str, root: Path | None = None) -> bool:
    """Whether a data set can be used now: its files are there (checksums are verified on reading) or it needs none."""
    return find(name).is_made or located(name, root or data_folder()) is not None


def path(name: str, root: Path | None = None) -> Path:
    """Return the folder a data set's files lie in. Raises InputError if it has none, or they are missing."""
    root = root or data_folder()
    folder = located(name, root)
    if folder is None:
        raise InputError(f"{name}: computed, it has no files") if find(name).is_made else missing(name, root)
    return folder


def missing(name: str, root: Path) -> InputError:
    """Return the error for a data set that is not on disk: where it was looked for, and two ways out."""
    folder = root / find(name).subfolder
    return InputError(
        f"{name}: not in {folder}: run `dlbench data get {name}`, or try the recipe lenet-digits, whose data is bundled"
    )


def abandoned(root: Path) -> list[Path]:
    """Return the temporary folders of downloads that were killed: nothing in them has changed for an hour."""
    since = time.time() - ABANDONED_SECONDS
    return [
        scratch
        for scratch in root.glob(f"{SCRATCH}*")
        if all(path.lstat().st_mtime < since for path in (scratch, *scratch.rglob("*")))
    ]
