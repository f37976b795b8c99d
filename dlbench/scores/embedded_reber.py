"""How many strings of the embedded Reber grammar a net predicts, and whether it remembers the second symbol."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from dlbench.data.dataset import Dataset, Examples
from dlbench.data.embedded_reber import SYMBOLS, possible_next, read
from dlbench.models.readout import last_steps
from dlbench.scores.evaluation import evaluating


def embedded_reber(model: nn.Module, data: Dataset, examples: Examples) -> dict[str, float]:
    """A prediction is right if the symbols that the grammar allows next, one or two, have the largest outputs.

    The model maps strings [n, longest, 7] to an output for each symbol after each step, [n, longest * 7].
    Returns wrong_strings_percent (with a wrong prediction anywhere), wrong_memory_percent (at the last symbol but one,
    which repeats the second; a net that remembers nothing is wrong in half of the strings or more), and solved: 1.0
    when every string is right, else 0.0 (Hochreiter and Schmidhuber 1997, section 5.1).
    """
    with evaluating(model):
        outputs = model(data.prepare(examples.inputs)).view(examples.inputs.shape)
    possible = _possible(examples.inputs)
    least = outputs.masked_fill(~possible, torch.inf).amin(2)
    most = outputs.masked_fill(possible, -torch.inf).amax(2)
    right = (least > most) | ~possible.any(2)
    remembered = right[torch.arange(len(right)), last_steps(examples.inputs) - 1]
    strings = right.all(1)
    return {
        "wrong_strings_percent": 100.0 * float((~strings).double().mean()),
        "wrong_memory_percent": 100.0 * float((~remembered).double().mean()),
        "solved": float(strings.all()),
    }


def _possible(inputs: Tensor) -> Tensor:
    """Which symbols may follow each step: bool [n, longest, 7], none after the end."""
    possible = torch.zeros(inputs.shape, dtype=torch.bool)
    for string, steps in zip(map(read, inputs.cpu()), possible, strict=True):
        for step, symbols in enumerate(possible_next(string)):
            steps[step, [SYMBOLS.index(symbol) for symbol in symbols]] = True
    return possible.to(inputs.device)
