"""A learning rule made slower by a known share: what a comparison has to find."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Literal

import torch
from torch import nn

from dlbench.data.dataset import Dataset
from dlbench.training import sgd as original
from dlbench.training.step import Step


def sgd(
    model: nn.Module,
    data: Dataset,
    generator: torch.Generator,
    *,
    lr: float,
    batch_size: int,
    steps: int | None = None,
    epochs: int | None = None,
    momentum: float = 0.0,
    decay: Literal["step", "linear"] = "step",
    slower_percent: float = 0.0,
) -> Iterator[Step]:
    """The same steps as dlbench's own `sgd`, each followed by a share of its work, in processor time, for nothing.

    A share of the time on the clock would be more than that share of the work while others take the processor as well.
    """
    rule = original.sgd(
        model, data, generator, lr=lr, batch_size=batch_size, steps=steps, epochs=epochs, momentum=momentum, decay=decay
    )
    began = time.thread_time()
    for step in rule:
        ended = time.thread_time()
        until = ended + slower_percent / 100 * (ended - began)
        while time.thread_time() < until:
            pass
        yield step
        began = time.thread_time()
