"""The neuron of 1943 and nets of it that compute AND, OR, NOT and XOR. Nothing in them is learnt.

McCulloch and Pitts: A Logical Calculus of the Ideas Immanent in Nervous Activity, Bulletin of Mathematical Biophysics 5
(1943), whose section II assumes: activity is all or none; a fixed number of synapses must be active at once to excite a
neuron; the only delay is that of a synapse; an active inhibitory synapse prevents excitation absolutely; and the net
never changes. Its neurons have no weights: a synapse excites or it inhibits.

| gate | neurons | threshold                 |
|------|---------|---------------------------|
| AND  |       1 | 2                         |
| OR   |       1 | 1                         |
| NOT  |       1 | 0, its input inhibits     |
| XOR  |       3 | 1 each, in two layers     |
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor, nn


@dataclass(frozen=True)
class Neuron:
    """Fires when `threshold` or more of the cells that excite it fire and none that inhibits it does.

    Cells are numbered: first the inputs of the net, then its neurons in their order.
    """

    threshold: int
    excited_by: tuple[int, ...] = ()
    inhibited_by: tuple[int, ...] = ()

    def fires(self, cells: Tensor) -> Tensor:
        """[n, cells] of 0 and 1 -> 0 or 1 [n]: what follows one synaptic delay later."""
        excited = cells[:, self.excited_by].sum(dim=1) >= self.threshold
        inhibited = cells[:, self.inhibited_by].any(dim=1)
        return (excited & ~inhibited).to(cells)


A, B = 0, 1
GATES: dict[str, tuple[int, tuple[Neuron, ...]]] = {  # inputs, neurons
    "and": (2, (Neuron(threshold=2, excited_by=(A, B)),)),
    "or": (2, (Neuron(threshold=1, excited_by=(A, B)),)),
    "not": (1, (Neuron(threshold=0, inhibited_by=(A,)),)),
    "xor": (
        2,
        (
            Neuron(threshold=1, excited_by=(A,), inhibited_by=(B,)),  # cell 2: A and not B
            Neuron(threshold=1, excited_by=(B,), inhibited_by=(A,)),  # cell 3: B and not A
            Neuron(threshold=1, excited_by=(2, 3)),  # either of them
        ),
    ),
}


def mcculloch_pitts(*, gate: Literal["and", "or", "not", "xor"]) -> nn.Module:
    """Wire the net that computes `gate`, on one input for NOT and on two for the others."""
    inputs, neurons = GATES[gate]
    return McCullochPitts(inputs, neurons)


class McCullochPitts(nn.Module):
    """A net without circles: [n, inputs] of 0 and 1 -> 0 or 1 [n, 1], the activity of its last neuron."""

    def __init__(self, inputs: int, neurons: Sequence[Neuron]) -> None:
        super().__init__()
        self.input_shape = (inputs,)
        self.neurons = tuple(neurons)

    def forward(self, cells: Tensor) -> Tensor:
        """Excite the neurons in their order, each by the inputs and by the neurons before it."""
        for neuron in self.neurons:
            cells = torch.cat([cells, neuron.fires(cells)[:, None]], dim=1)
        return cells[:, -1:]
