"""Fixtures that every part of the tests may use."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[1]
RESTORE = REPOSITORY.parent / "shared" / "data" / "restore.py"


@pytest.fixture(scope="session")
def real_data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The real MNIST and CIFAR-10 as torchvision stores them: from DLBENCH_TEST_DATA, or restored, or skip."""
    if "DLBENCH_TEST_DATA" in os.environ:
        return Path(os.environ["DLBENCH_TEST_DATA"])
    if not RESTORE.exists():
        pytest.skip("needs the real MNIST and CIFAR-10: set DLBENCH_TEST_DATA to their folder")
    folder = tmp_path_factory.mktemp("data")
    subprocess.run([sys.executable, str(RESTORE), str(folder)], check=True)
    return folder


@pytest.fixture(autouse=True)
def _own_folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each test runs in an empty folder, away from the user's own data and settings."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DLBENCH_DATA", str(tmp_path / "no-data"))
    monkeypatch.setenv("PYTHONPATH", str(REPOSITORY))


@pytest.fixture(autouse=True)
def _subnormal_numbers_stay() -> Iterator[None]:
    """A trial that trains in this process flushes numbers below 1e-308 to zero, for good: the next test has its own again."""
    yield
    if "torch" in sys.modules:
        sys.modules["torch"].set_flush_denormal(False)
