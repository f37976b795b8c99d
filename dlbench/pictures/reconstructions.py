"""What an autoencoder makes of images it has not seen (Hinton & Salakhutdinov 2006, Figure 2)."""

from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor, nn

from dlbench.data.dataset import Dataset


def reconstructions(
    model: nn.Module, data: Dataset, *, output: Literal["linear", "logistic"], count: int = 10
) -> dict[str, Tensor]:
    """The first `count` test inputs and what the model makes of them: `originals` and `reconstructions`, [count, ...].

    output: `logistic` if the model's outputs are those before it. Inputs are in [0, 1] once prepared.
    """
    examples = data.test if data.test is not None else data.train
    originals = data.prepare(examples.inputs[:count])
    outputs = model(originals).view(originals.shape)
    return {"originals": originals, "reconstructions": torch.sigmoid(outputs) if output == "logistic" else outputs}
