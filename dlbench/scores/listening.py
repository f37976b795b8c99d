"""What the layers of a model say while it works."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager

import torch
from torch import Tensor, nn


@contextmanager
def listen_to(model: nn.Module, layers: Iterable[str]) -> Iterator[dict[str, list[Tensor]]]:
    """Inside, every pass through the model adds each layer's output to its list; layers are named as modules are.

    Raises AttributeError for a layer that the model has not.
    """
    heard: dict[str, list[Tensor]] = {layer: [] for layer in layers}

    def hook(layer: str) -> torch.utils.hooks.RemovableHandle:
        return model.get_submodule(layer).register_forward_hook(lambda _, __, output: heard[layer].append(output))

    handles = [hook(layer) for layer in heard]
    try:
        yield heard
    finally:
        for handle in handles:
            handle.remove()
