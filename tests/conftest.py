"""Fixtures that every part of the tests may use."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import hypothesis
import pandas as pd
import pytest

hypothesis.settings.register_profile(
    "busy", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow]
)  # a busy machine is no failure
hypothesis.settings.load_profile("busy")
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
    """A trial in this process flushes numbers below 1e-308 to zero, for good: the next test has its own again."""
    yield
    if "torch" in sys.modules:
        sys.modules["torch"].set_flush_denormal(False)


Run = dict[str, Any]


def a_run(recipe: str = "resnet-20", seed: int = 0, **columns: Any) -> Run:
    """One finished run; keyword arguments replace or add columns."""
    run: Run = {
        "recipe": recipe, "title": recipe, "budget": "short", "seed": seed, "status": "finished", "device": "cpu",
        "machine": "AMD EPYC, 2 cores, 23 GiB", "fingerprint": "1a2b3c4d", "precision": "fp32",
        "recipe_digest": f"digest-{recipe}",
        "started": "2026-01-01T00:00:00Z", "parameters": 1000, "multiply_adds": 2000, "train_examples": 10_000,
        "steps": 400, "training_seconds": 100.0, "examples_per_second": 512.0, "peak_memory_bytes": 10**9,
        "path": f"results/{recipe}/short-seed{seed}-cpu-01234567.jsonl", "tags": (), "published": {},
        "recipe_json": {
            "source": "a paper", "data": {"name": "cifar10"}, "model": {"name": "mlp"},
            "training": {"name": "sgd", "lr": 0.1},
        },
    }  # fmt: skip
    return run | columns


def a_net(kind: str, depth: int, seed: int, train: float, test: float, **columns: Any) -> Run:
    """One run of a plain or a residual net with its errors in per cent."""
    recipe_json = {
        "source": "He et al. 2015, Table 6",
        "data": {"name": "cifar10"},
        "model": {"name": "resnet", "depth": depth, "shortcut": {"plain": "none", "residual": "A"}[kind]},
        "training": {"name": "sgd", "lr": 0.1},
    }
    return a_run(
        f"{'plain' if kind == 'plain' else 'resnet'}-{depth}", seed,
        recipe_json=recipe_json, train_error_percent=train, test_error_percent=test, tags=("convolutional",), **columns,
    )  # fmt: skip


@pytest.fixture
def run() -> Callable[..., Run]:
    """Makes one run."""
    return a_run


@pytest.fixture
def net() -> Callable[..., Run]:
    """Makes one run of a plain or residual net."""
    return a_net


@pytest.fixture
def four_nets() -> pd.DataFrame:
    """Three seeds of four nets: depth adds 20, 21, 22 points of training error if plain, -2, -3, -4 if residual."""
    errors = {("plain", 20): 55.0, ("plain", 56): 75.0, ("residual", 20): 50.0, ("residual", 56): 48.0}
    slope = {("plain", 56): 1, ("residual", 56): -1}
    return pd.DataFrame(
        [
            a_net(
                kind,
                depth,
                seed,
                error + slope.get((kind, depth), 0) * seed,
                error + 1,
                parameters=269722 if depth == 20 else 853018,
            )
            for (kind, depth), error in errors.items()
            for seed in range(3)
        ]
    )
