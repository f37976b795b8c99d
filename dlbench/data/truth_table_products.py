"""Boolean functions whose inputs are joined by their product: a feature made by hand, with which one unit does XOR."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import torch

from dlbench.data.dataset import Dataset, Examples
from dlbench.data.truth_table import truth_table


def truth_table_products(folder: Path, *, function: Literal["and", "or", "nand", "nor", "xor", "xnor"]) -> Dataset:
    """Return the four rows of a function of two inputs, each with its product: float32 {0, 1} [4, 3].

    x XOR y is x + y - 2xy: a sum over features F(x, y) = (x, y, xy), as a perceptron forms it. `folder` is not used.
    Source: Minsky and Papert 1969, "Perceptrons", section 1: predicates of order 2.
    """
    plain = truth_table(folder, function=function).train
    inputs = torch.cat([plain.inputs, plain.inputs.prod(1, keepdim=True)], 1)
    return Dataset(Examples(inputs, plain.targets), None, ("false", "true"), torch.tensor(0.0), torch.tensor(1.0))
