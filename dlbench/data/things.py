"""Things of four shapes, colours and sizes, and what a code tells of those never seen.

Hinton, McClelland, Rumelhart: Distributed Representations, in: Parallel Distributed Processing, volume 1, chapter 3,
1986: what is learnt of one thing holds for others to the extent that they share units.
"""

import itertools
from pathlib import Path
from typing import Literal

import torch
import torch.nn.functional as F
from torch import Tensor

from dlbench.data.dataset import Dataset, Examples

ATTRIBUTES, VALUES = 3, 4
UNITS = ATTRIBUTES * VALUES  # of the codes that things share

Code = Literal["localist", "distributed", "random"]


def things(folder: Path, *, code: Code) -> Dataset:
    """Return all 64 combinations of a shape, a colour and a size: 48 to learn from, 16 to test on.

    To be learnt: is a thing worth more than the average one? Each of its three attributes adds 0 to 3.

    localist: a unit for each thing, float32 {0, 1} [n, 64]. distributed: a unit for each shape, colour and size, of
    which three are active, [n, 12]. random: three of 12 units are active here too, but any three that no other thing
    has, so that they mean nothing; drawn once and for all.

    Every shape, colour and size is in four of the combinations held out, and half of these are worth more than the
    average. `folder` is not used.
    """
    values = torch.tensor(list(itertools.product(range(VALUES), repeat=ATTRIBUTES)))
    inputs = _patterns(values, code)
    targets = (2 * values.sum(1) > ATTRIBUTES * (VALUES - 1)).long()
    held_out = values @ torch.tensor([1, 2, 3]) % VALUES == 1  # this residue also holds out the opposite of each thing
    train, test = (Examples(inputs[rows], targets[rows]) for rows in (~held_out, held_out))
    return Dataset(train, test, ("less", "more"), shift=torch.tensor(0.0), scale=torch.tensor(1.0))


def _patterns(values: Tensor, code: Code) -> Tensor:
    """The active units of each thing, given its values [n, attributes]."""
    if code == "localist":
        return torch.eye(len(values))
    if code == "distributed":
        return F.one_hot(values, VALUES).flatten(1).float()
    triples = torch.tensor(list(itertools.combinations(range(UNITS), ATTRIBUTES)))
    drawn = torch.randperm(len(triples), generator=torch.Generator().manual_seed(0))[: len(values)]
    return F.one_hot(triples[drawn], UNITS).sum(1).float()
