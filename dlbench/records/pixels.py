"""Small arrays as text: how a run file keeps pictures, one byte a pixel."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from torch import Tensor

MOST_BYTES = 200_000  # a run file is read whole, and many of them are


def written(pictures: Mapping[str, Tensor]) -> dict[str, Any]:
    """Arrays of numbers in [0, 1], any shape -> what JSON can hold; numbers beyond are cut off.

    Raises ValueError for more than MOST_BYTES numbers, which is no picture.
    """
    if sum(picture.numel() for picture in pictures.values()) > MOST_BYTES:
        raise ValueError(f"pictures of more than {MOST_BYTES:,} numbers: show fewer or smaller ones")
    return {
        name: {
            "shape": list(picture.shape),
            "bytes": base64.b64encode((picture.clamp(0, 1) * 255).round().byte().cpu().numpy().tobytes()).decode(),
        }
        for name, picture in pictures.items()
    }


def read(kept: Mapping[str, Any]) -> dict[str, NDArray[np.float64]]:
    """What `written` gave -> arrays of the same shapes."""
    return {
        name: np.frombuffer(base64.b64decode(each["bytes"]), dtype=np.uint8).reshape(each["shape"]) / 255
        for name, each in kept.items()
    }
