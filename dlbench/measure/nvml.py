"""NVIDIA's management library, if its package (nvidia-ml-py) is installed and its driver answers."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from typing import Any


def ask(device: str, question: Callable[[Any, Any], Any]) -> Any:
    """What `question(library, handle)` says about this CUDA device; None if there is no answer.

    The library fails in as many ways as there are drivers and cards, and no measurement depends on it.
    """
    try:
        library = importlib.import_module("pynvml")
        import torch

        library.nvmlInit()
        uuid = torch.cuda.get_device_properties(torch.device(device)).uuid
        return question(library, library.nvmlDeviceGetHandleByUUID(f"GPU-{uuid}"))
    except Exception:
        return None
