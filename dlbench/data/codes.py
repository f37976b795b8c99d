"""Things numbered from 0 as patterns of active units: a unit for each thing, or all units for every thing.

Hinton, McClelland, Rumelhart: Distributed Representations, in: Parallel Distributed Processing, volume 1, chapter 3,
1986, give the two their names.
"""

from pathlib import Path
from typing import Literal

import torch

from dlbench.data.dataset import Dataset, Examples
from dlbench.errors import InputError

MOST_INPUTS = 16


def codes(folder: Path, *, code: Literal["localist", "distributed"], units: int, inputs: int = 8) -> Dataset:
    """Return 2^units things as patterns over `units` units, float32 {0, 1} [2^units, inputs]; each its own class.

    localist: one unit is active, and as there are more things than units, thing i shares unit i mod units with others.
    distributed: the binary digits of i. Either way the units from `units` to `inputs` stay silent, so that one model
    fits codes of all lengths, and the classes are the 2^inputs things that all units together could name.
    `folder` is not used. Raises InputError unless 1 <= units <= inputs <= 16.
    """
    if not 1 <= units <= inputs <= MOST_INPUTS:
        raise InputError(
            f"units: {units} of {inputs} inputs: give 1 to {inputs} units and at most {MOST_INPUTS} inputs"
        )
    things, places = torch.arange(2**units), torch.arange(inputs)
    active = places == things[:, None] % units if code == "localist" else things[:, None] >> places & 1
    names = tuple(str(thing) for thing in range(2**inputs))
    return Dataset(Examples(active.float(), things), None, names, shift=torch.tensor(0.0), scale=torch.tensor(1.0))
