"""The adding problem: remember two marked numbers out of a long sequence, and give their sum at its end.

Hochreiter and Schmidhuber: Long Short-Term Memory, Neural Computation 9(8), 1997, section 5.4 (experiment 4).
"""

from pathlib import Path

import torch
from torch import Tensor

from dlbench.data.dataset import Dataset, Examples
from dlbench.errors import InputError

FIRST_MARK = 10  # the first mark is on one of so many pairs
SHORTEST = FIRST_MARK + 2


def adding_problem(
    folder: Path, *, length: int, train_examples: int = 50_000, test_examples: int = 2560, seed: int = 0
) -> Dataset:
    """Return sequences of pairs (value, marker), float32 [n, longest, 2], and their targets, float32 [n, 1].

    A sequence has `length` to 1.1 `length` pairs; after its end there are rows of zeros. Values are U[-1, 1]. The
    marker is 1 on two pairs: on one of the first ten, and on one of the first length / 2 - 1 pairs that are still
    unmarked; it is -1 on the first and the last pair, else 0. Where the first pair was chosen, its value is set to
    zero. The target is 0.5 + (X1 + X2) / 4 for the chosen values, so that at least half the sequence lies between what
    is to be remembered and the answer. `folder` is not used; the same seed gives the same sequences everywhere.

    Raises InputError for sequences shorter than 12 pairs and counts below one.
    """
    if length < SHORTEST:
        raise InputError(f"length: {length}: the adding problem needs at least {SHORTEST} pairs")
    for name, count in (("train_examples", train_examples), ("test_examples", test_examples)):
        if count < 1:
            raise InputError(f"{name}: {count}: must be at least 1")
    generator = torch.Generator().manual_seed(seed)
    test, train = (_sequences(count, length, generator) for count in (test_examples, train_examples))
    return Dataset(train, test, (), shift=torch.tensor(0.0), scale=torch.tensor(1.0))


def _sequences(count: int, length: int, generator: torch.Generator) -> Examples:
    def draw(high: int) -> Tensor:
        return torch.randint(high, (count,), generator=generator)

    rows, longest = torch.arange(count), length + length // 10
    values = torch.rand(count, longest, generator=generator) * 2 - 1
    last = length - 1 + draw(longest - length + 1)
    first = draw(FIRST_MARK)
    second = draw(length // 2 - 1)
    second += (second >= first).long()  # counted among the pairs still unmarked
    values[:, 0] *= (first * second > 0).float()
    markers = torch.zeros(count, longest)
    markers[rows, first] = markers[rows, second] = 1.0
    markers[:, 0] = markers[rows, last] = -1.0
    targets = 0.5 + (values[rows, first] + values[rows, second]) / 4
    ended = torch.arange(longest) > last[:, None]
    return Examples(torch.stack([values, markers], dim=2).masked_fill_(ended[:, :, None], 0.0), targets[:, None])
