"""Boolean functions as data: every row of a truth table is a training example."""

import itertools
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Literal

import torch

from dlbench.data.dataset import Dataset, Examples
from dlbench.errors import InputError

FUNCTIONS: dict[str, Callable[[Sequence[int]], bool]] = {
    "and": all,
    "or": any,
    "not": lambda bits: not bits[0],
    "nand": lambda bits: not all(bits),
    "nor": lambda bits: not any(bits),
    "xor": lambda bits: sum(bits) % 2 == 1,
    "xnor": lambda bits: sum(bits) % 2 == 0,
    "symmetry": lambda bits: list(bits) == list(reversed(bits)),
}
MOST_INPUTS = 16


def truth_table(
    folder: Path,
    *,
    function: Literal["and", "or", "not", "nand", "nor", "xor", "xnor", "symmetry"],
    inputs: int | None = None,
) -> Dataset:
    """Return all rows of a Boolean function, float32 {0, 1} [2^inputs, inputs]; there is nothing left to test on.

    Rows count upwards: 00, 01, 10, 11. The functions of more than two inputs are the usual ones; xor is then parity;
    symmetry is true of rows that read the same backwards (Rumelhart et al. 1986).
    `inputs` is 2 by default and always 1 for `not`; `folder` is not used. Raises InputError for any other number.
    Source: Minsky and Papert 1969, "Perceptrons" (which of them a single neuron can learn).
    """
    count = (1 if function == "not" else 2) if inputs is None else inputs
    fewest, most = (1, 1) if function == "not" else (2, MOST_INPUTS)
    if not fewest <= count <= most:
        raise InputError(f"inputs: {count}: '{function}' takes " + ("1" if most == 1 else f"{fewest} to {most}"))
    rows = list(itertools.product((0, 1), repeat=count))
    targets = torch.tensor([int(FUNCTIONS[function](row)) for row in rows])
    examples = Examples(torch.tensor(rows, dtype=torch.float32), targets)
    return Dataset(examples, None, ("false", "true"), shift=torch.tensor(0.0), scale=torch.tensor(1.0))
