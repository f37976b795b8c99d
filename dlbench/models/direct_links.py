"""XOR with a single hidden unit: the net whose inputs reach the output both directly and by way of that unit.

Rumelhart, Hinton, Williams: Learning Internal Representations by Error Propagation, in: Parallel Distributed
Processing, 1986, chapter 8. With two inputs and one hidden unit it has 7 parameters:

| layer      | hidden | output | all |
|------------|--------|--------|-----|
| weights    |      2 |      3 |   5 |
| biases     |      1 |      1 |   2 |

The hidden unit finds where both inputs are on; the output sums the inputs and takes that away.
"""

import torch
from torch import Tensor, nn


def direct_links(*, inputs: int = 2, hidden: int = 1, init_range: float = 0.3) -> nn.Module:
    """Build the net of logistic units with one output; weights and biases start from U[-init_range, init_range]."""
    model = DirectLinks(inputs=inputs, hidden=hidden)
    for parameter in model.parameters():
        nn.init.uniform_(parameter, -init_range, init_range)
    return model


class DirectLinks(nn.Module):
    """[n, inputs] -> [n, 1]; the output unit's weights are first those of the inputs, then those of hidden units."""

    def __init__(self, *, inputs: int, hidden: int) -> None:
        super().__init__()
        self.hidden = nn.Linear(inputs, hidden)
        self.output = nn.Linear(inputs + hidden, 1)
        self.input_shape = (inputs,)

    def forward(self, x: Tensor) -> Tensor:
        """The output unit sees what the hidden units see, and the hidden units."""
        hidden = torch.sigmoid(self.hidden(x))
        return torch.sigmoid(self.output(torch.cat([x, hidden], dim=-1)))
