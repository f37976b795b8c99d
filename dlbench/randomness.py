"""The global generators of Python, numpy and torch: a user's own parts may draw from them, and a seed is for all."""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import numpy as np
import rich.style  # noqa: F401  # it draws when it is imported, which scikit-learn may do in the middle of things
import torch

NUMPY_SEEDS = 2**32


def seed(number: int) -> None:
    """Let all global generators, those of accelerators too, begin anew from this seed."""
    random.seed(number)
    np.random.seed(number % NUMPY_SEEDS)
    torch.manual_seed(number)


@contextmanager
def apart(number: int) -> Iterator[None]:
    """Draw from this seed for a while, and leave what is drawn afterwards as it would have been."""
    before = state()
    seed(number)
    try:
        yield
    finally:
        restore(before)


def state() -> dict[str, Any]:
    """How all global generators stand, in numbers, tensors, tuples and lists."""
    of_numpy: Any = np.random.get_state()
    return {
        "python": random.getstate(),
        "numpy": (of_numpy[0], of_numpy[1].tolist(), *of_numpy[2:]),
        "torch": torch.get_rng_state(),
        "device": _device_state(),
    }


def restore(kept: Mapping[str, Any]) -> None:
    """Let them stand as when `state` was called."""
    random.setstate(kept["python"])
    np.random.set_state(kept["numpy"])
    torch.set_rng_state(kept["torch"])
    if kept["device"] is not None:
        _restore_device(kept["device"])


def _device_state() -> Any:
    if torch.cuda.is_available():
        return torch.cuda.get_rng_state_all() if torch.cuda.is_initialized() else None  # type: ignore[no-untyped-call]
    if torch.backends.mps.is_available():
        return torch.mps.get_rng_state()
    return torch.xpu.get_rng_state_all() if torch.xpu.is_available() else None


def _restore_device(kept: Any) -> None:
    if torch.cuda.is_available():
        torch.cuda.set_rng_state_all(kept)
    elif torch.backends.mps.is_available():
        torch.mps.set_rng_state(kept)
    else:
        torch.xpu.set_rng_state_all(kept)
