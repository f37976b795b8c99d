"""The embedded Reber grammar: predict the next symbol, one of which depends on a symbol seen long before.

Cleeremans, Servan-Schreiber, McClelland: Finite State Automata and Simple Recurrent Networks, Neural Computation 1,
1989; the sets of 256 strings are those of Hochreiter and Schmidhuber 1997, section 5.1 (experiment 1).

    Reber grammar, from node to node:           embedded:  B T (a Reber string) T E
      0 -B-> 1 -T-> 2 or -P-> 3                        or  B P (a Reber string) P E
      2 -S-> 2 or -X-> 4,   3 -T-> 3 or -V-> 5
      4 -X-> 3 or -S-> 6,   5 -P-> 4 or -V-> 6
      6 -E-> end

The last symbol but one repeats the second one, whatever the string between them, of at least five symbols.
"""

import random
from collections.abc import Sequence
from pathlib import Path

import torch
from torch import Tensor

from dlbench.data.dataset import Dataset, Examples
from dlbench.errors import InputError

SYMBOLS = "BTPSXVE"
REBER: tuple[dict[str, int], ...] = (
    {"B": 1}, {"T": 2, "P": 3}, {"S": 2, "X": 4}, {"T": 3, "V": 5}, {"X": 3, "S": 6}, {"P": 4, "V": 6}, {"E": 7},
)  # fmt: skip
END = len(REBER)


def embedded_reber(folder: Path, *, train_examples: int = 256, test_examples: int = 256, seed: int = 0) -> Dataset:
    """Return strings without their last symbol, one-hot [n, longest, 7], and what comes next, one-hot [n, longest * 7].

    Where the grammar leaves a choice both symbols are equally likely. After a string's end there are rows of zeros, in
    targets too. `folder` is not used; the same seed gives the same strings everywhere.
    Raises InputError for counts below one.
    """
    for name, count in (("train_examples", train_examples), ("test_examples", test_examples)):
        if count < 1:
            raise InputError(f"{name}: {count}: must be at least 1")
    generator = random.Random(seed)
    strings = [draw(generator) for _ in range(train_examples + test_examples)]
    longest = max(map(len, strings)) - 1
    inputs = torch.stack([one_hot(string[:-1], longest) for string in strings])
    targets = torch.stack([one_hot(string[1:], longest) for string in strings]).flatten(1)
    train, test = (
        Examples(inputs[part], targets[part]) for part in (slice(train_examples), slice(train_examples, None))
    )
    return Dataset(train, test, (), shift=torch.tensor(0.0), scale=torch.tensor(1.0))


def draw(generator: random.Random) -> str:
    """A string of the embedded grammar, drawn at random."""
    inner, node = "", 0
    while node != END:
        symbol = generator.choice(list(REBER[node]))
        inner, node = inner + symbol, REBER[node][symbol]
    outer = generator.choice("TP")
    return f"B{outer}{inner}{outer}E"


def one_hot(symbols: str, longest: int) -> Tensor:
    """Symbols as rows of [longest, 7], the rest zero."""
    rows = torch.zeros(longest, len(SYMBOLS))
    rows[range(len(symbols)), [SYMBOLS.index(symbol) for symbol in symbols]] = 1.0
    return rows


def read(rows: Tensor) -> str:
    """The string that these one-hot rows [longest, 7] stand for."""
    return "".join(SYMBOLS[number] for number in rows[rows.any(1)].argmax(1).tolist())


def possible_next(string: str) -> Sequence[str]:
    """After each symbol of a string (or of its beginning), the symbols with which the grammar lets it go on."""
    node, told = 0, ["TP", "B"]
    for symbol in string[2:]:
        if node == END:
            told.append("E")
        else:
            node = REBER[node][symbol]
            told.append(string[1] if node == END else "".join(REBER[node]))
    return told[: len(string)]
