"""The truncated gradient of 1997 as its appendix has it: forward in time, with weights that change at every step.

Hochreiter and Schmidhuber: Long Short-Term Memory, Neural Computation 9(8), 1997, appendix A.1. For every weight into a
cell or its input gate the derivative of the cell's state is carried along; an error at a step meets it there, and all
weights change before the next step. `truncated_gradient` changes them once a sequence, and is faster.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TypeAlias

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.special import expit
from torch import nn

from dlbench.data.dataset import Dataset
from dlbench.errors import InputError
from dlbench.models.lstm_1997 import LSTM1997
from dlbench.models.lstm_1997_hidden_out import LSTM1997HiddenOut
from dlbench.models.readout import last_steps
from dlbench.training.step import Step

Array = NDArray[np.float32]
Net: TypeAlias = LSTM1997 | LSTM1997HiddenOut


def truncated_gradient_online(
    model: nn.Module, data: Dataset, generator: torch.Generator, *, lr: float, sequences: int
) -> Iterator[Step]:
    """Show the training sequences one by one in a random order, again and again; change all weights at each step.

    The error of a step is half the squared error, summed over outputs. Yields a step a sequence, up to `sequences`.
    All of it runs on the CPU, in numpy.
    Raises InputError unless the model is an LSTM of 1997 with outputs at every step, and the numbers are positive.
    """
    if not isinstance(model, LSTM1997 | LSTM1997HiddenOut):
        raise InputError(f"truncated_gradient_online: teaches LSTMs of 1997, not {type(model).__name__}")
    if model.readout.when != "every_step":
        raise InputError("truncated_gradient_online: needs a model with outputs at every step, `when: every_step`")
    if lr <= 0 or sequences < 1:
        raise InputError("truncated_gradient_online: lr and sequences must be positive")
    parameters = {name: weights.detach() for name, weights in model.named_parameters()}
    net = _Net(model, {name: weights.cpu().numpy() for name, weights in parameters.items()})
    inputs = data.prepare(data.train.inputs).cpu()
    targets = data.train.targets.cpu().float().view(*inputs.shape[:2], -1).numpy()
    lengths = (last_steps(inputs) + 1).tolist()
    order: list[int] = []
    for number in range(1, sequences + 1):
        order = order or torch.randperm(len(inputs), generator=generator, device=generator.device).tolist()
        index = order.pop()
        length = lengths[index]
        error = net.learn(inputs[index, :length].numpy(), targets[index, :length], lr)
        for name, weights in parameters.items():
            if weights.device.type != "cpu":  # where numpy and torch share memory there is nothing to copy
                weights.copy_(torch.from_numpy(net.weights[name]))
        yield Step(number, sequences, 1, torch.tensor(error))


class _Net:
    """An LSTM of 1997 on a single sequence. weights: by the model's names, changed in place."""

    def __init__(self, model: Net, weights: Mapping[str, Array]) -> None:
        self.weights = weights
        self._blocks, self._size, self._cells = model.blocks, model.size, model.cells
        self._block_of = np.repeat(np.arange(model.blocks), model.size)  # of each cell
        self._biased = len(model.bias)

    def learn(self, inputs: Array, targets: Array, lr: float) -> float:
        """Go through a sequence once, changing all weights at each step; return half the squared error, summed."""
        cells, blocks = self._cells, self._blocks
        weight, bias = self.weights["weight"], self.weights["bias"]
        hidden, state = np.zeros(len(weight), dtype=np.float32), np.zeros(cells, dtype=np.float32)
        # of each cell's state, by the weights into the cell and into its input gate; the last source is the bias
        by_cell, by_gate = np.zeros((2, cells, weight.shape[1] + 1), dtype=np.float32)
        error = 0.0
        for now, target in zip(inputs, targets, strict=True):
            source = np.concatenate([now, hidden, [1.0]], dtype=np.float32)
            net = weight @ source[:-1]
            net[len(net) - self._biased :] += bias
            squashed, gates = 2 * np.tanh(net[:cells] / 2), expit(net[cells:])
            gate_in, gate_out = gates[:blocks][self._block_of], gates[blocks:][self._block_of]
            slopes = gates * (1 - gates)
            by_cell += np.outer(gate_in * (1 - squashed**2 / 4), source)
            by_gate += np.outer(squashed * slopes[:blocks][self._block_of], source)
            state += gate_in * squashed
            shown = np.tanh(state / 2)
            hidden = np.concatenate([gate_out * shown, gates])
            errors, at_hidden = self._read(hidden, target, lr)
            at_cells, at_gates = at_hidden[:cells], at_hidden[cells:]
            at_states = at_cells * gate_out * (1 - shown**2) / 2
            at_gates[blocks:] += self._summed(at_cells * shown)
            change = np.outer(np.concatenate([np.zeros(cells), at_gates * slopes]), source)
            change[:cells] = at_states[:, None] * by_cell
            change[cells : cells + blocks] += self._summed(at_states[:, None] * by_gate)
            weight -= lr * change[:, :-1]
            bias -= lr * change[len(change) - self._biased :, -1]
            error += 0.5 * float(errors @ errors)
        return error

    def _read(self, hidden: Array, target: Array, lr: float) -> tuple[Array, Array]:
        """The outputs' errors, and what of them is due to each hidden unit; then the weights into outputs change."""
        into = self.weights["readout.linear.weight"]
        seen = hidden[: into.shape[1]]
        outputs = expit(into @ seen + self.weights.get("readout.linear.bias", 0.0))
        errors = outputs - target
        deltas = errors * outputs * (1 - outputs)
        at_hidden = np.zeros_like(hidden)
        at_hidden[: len(seen)] = deltas @ into
        into -= lr * np.outer(deltas, seen)
        if "readout.linear.bias" in self.weights:
            self.weights["readout.linear.bias"][...] -= lr * deltas
        return errors, at_hidden

    def _summed(self, of_cells: Array) -> Array:
        """Over the cells of each block, [cells, ...] -> [blocks, ...]."""
        summed: Array = of_cells.reshape(self._blocks, self._size, *of_cells.shape[1:]).sum(1)
        return summed
