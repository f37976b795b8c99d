"""All Boolean functions of a few inputs at once: rows of the truth table as examples, functions as targets."""

import itertools
from pathlib import Path

import torch

from dlbench.data.dataset import Dataset, Examples
from dlbench.errors import InputError

MOST_INPUTS = 4  # five have 4,294,967,296 functions


def boolean_functions(folder: Path, *, inputs: int) -> Dataset:
    """Return rows float32 {0, 1} [2^inputs, inputs] and targets float32 {0, 1} [2^inputs, 2^(2^inputs)].

    Rows count upwards, 00, 01, 10, 11, and so do the functions: column k of the targets is k in binary, its first digit
    on the last row; so column 8 of two inputs is AND, 14 is OR and 6 is XOR. There is nothing left to test on; `folder`
    is not used. Raises InputError for less than 1 and more than 4 inputs.
    """
    if not 1 <= inputs <= MOST_INPUTS:
        raise InputError(f"inputs: {inputs}: 1 to {MOST_INPUTS}; one more and there are 2^32 functions")
    rows = torch.tensor(list(itertools.product((0.0, 1.0), repeat=inputs)))
    functions = torch.arange(2 ** len(rows))
    targets = (functions >> torch.arange(len(rows))[:, None]) & 1
    return Dataset(Examples(rows, targets.float()), None, (), shift=torch.tensor(0.0), scale=torch.tensor(1.0))
