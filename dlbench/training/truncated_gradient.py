"""The learning rule of 1997 for long short-term memory: sequence by sequence, with a truncated gradient.

Hochreiter and Schmidhuber: Long Short-Term Memory, Neural Computation 9(8), 1997, section 4 and appendix A.1. An error
at an output goes into the cells that it came from. From a cell's state it goes back in time undiminished, for as long
as it takes (the constant error carousel). At every step on its way it changes the weights into the cell and its input
gate; what would go on from there to other units' past activations is cut off.

The paper computes this forward in time, with one partial derivative a weight and cell. Added up over a sequence, as
here, the same numbers come from going back over the states' errors once, which are running sums.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.special import expit
from torch import nn

from dlbench.data.dataset import Dataset
from dlbench.errors import InputError
from dlbench.models.lstm_1997 import LSTM1997
from dlbench.models.readout import last_steps
from dlbench.training.step import Step

Array = NDArray[np.float32]


def truncated_gradient(
    model: nn.Module,
    data: Dataset,
    generator: torch.Generator,
    *,
    lr: float,
    sequences: int,
    stop_after_right: int | None = None,
    right_within: float = 0.04,
) -> Iterator[Step]:
    """Show the training sequences one by one in a random order, again and again, and change all weights after each.

    The error is half the squared error, summed over outputs and, where there is one at every step, over steps.
    stop_after_right: stop once so many sequences in a row had every output within `right_within` of its target.

    Yields a step a sequence, up to `sequences`. All of it runs on the CPU, in numpy: torch takes longer to begin with a
    product of so few numbers than to compute it.
    Raises InputError unless the model is `lstm_1997` and the numbers are positive.
    """
    if not isinstance(model, LSTM1997):
        raise InputError(f"truncated_gradient: teaches lstm_1997, not {type(model).__name__}; use adam or sgd")
    if lr <= 0 or sequences < 1:
        raise InputError("truncated_gradient: lr and sequences must be positive")
    parameters = {name: weights.detach() for name, weights in model.named_parameters()}
    net = _Net(model, {name: weights.cpu().numpy() for name, weights in parameters.items()})
    inputs, targets = _sequences(data), data.train.targets.cpu().float().numpy()
    order: list[int] = []
    in_a_row = 0
    for number in range(1, sequences + 1):
        order = order or torch.randperm(len(inputs), generator=generator, device=generator.device).tolist()
        index = order.pop()
        errors = net.learn(inputs[index], targets[index], lr)
        for name, weights in parameters.items():
            if weights.device.type != "cpu":  # where numpy and torch share memory there is nothing to copy
                weights.copy_(torch.from_numpy(net.weights[name]))
        in_a_row = in_a_row + 1 if np.abs(errors).max() < right_within else 0
        yield Step(number, sequences, 1, torch.tensor(0.5 * float(np.vdot(errors, errors))))
        if in_a_row == stop_after_right:
            return


def _sequences(data: Dataset) -> list[Array]:
    """The training inputs, prepared, each as long as it is: [steps, inputs]."""
    inputs = data.prepare(data.train.inputs)
    lasts = last_steps(inputs).tolist()
    return [rows[: last + 1] for rows, last in zip(inputs.cpu().numpy(), lasts, strict=True)]


@dataclass(frozen=True)
class _Passed:
    """What a sequence left behind at each step: [steps, ...]; `hidden` one step more, as it began with zeros."""

    hidden: Array  # activations of cells, input gates, output gates
    squashed: Array  # g(net) of the cells
    shown: Array  # h(state) of the cells


class _Net:
    """The net of `lstm_1997` on a single sequence. weights: by the model's names, changed in place."""

    def __init__(self, model: LSTM1997, weights: Mapping[str, Array]) -> None:
        self.weights = weights
        self._blocks, self._cells = model.blocks, model.cells
        self._block_of = np.repeat(np.arange(model.blocks), model.size)  # of each cell
        self._at_end = model.readout.when == "end"

    def learn(self, inputs: Array, targets: Array, lr: float) -> Array:
        """Go through a sequence once and change all weights; return outputs less targets [steps or 1, outputs]."""
        passed = self._forward(inputs)
        into_outputs = self.weights["readout.linear.weight"]
        steps = slice(len(inputs) - 1, None) if self._at_end else slice(None)
        seen = passed.hidden[1:, : self._cells][steps]
        outputs = expit(seen @ into_outputs.T + self.weights.get("readout.linear.bias", 0.0))
        errors: Array = outputs - targets.reshape(-1, outputs.shape[1])[: len(outputs)]
        deltas = errors * outputs * (1 - outputs)
        at_cells = np.zeros((len(inputs), self._cells), dtype=np.float32)
        at_cells[steps] = deltas @ into_outputs
        into_units = self._deltas(passed, at_cells)
        sources = np.concatenate([inputs, passed.hidden[:-1]], axis=1)
        biased = len(self.weights["bias"])
        self._change("weight", into_units.T @ sources, lr)
        self._change("bias", into_units[:, -biased:].sum(0), lr)
        self._change("readout.linear.weight", deltas.T @ seen, lr)
        self._change("readout.linear.bias", deltas.sum(0), lr)
        return errors

    def _change(self, name: str, gradient: Array, lr: float) -> None:
        if name in self.weights:
            self.weights[name][...] -= lr * gradient

    def _forward(self, inputs: Array) -> _Passed:
        weight, cells, blocks = self.weights["weight"], self._cells, self._blocks
        units, steps = len(weight), len(inputs)
        scale = np.full(units, 0.5, dtype=np.float32)  # logistic(x) = 0.5 + 0.5 tanh(x / 2), g(x) = 2 tanh(x / 2)
        scale[:cells] = 2.0
        shift = np.full(units, 0.5, dtype=np.float32)
        shift[:cells] = 0.0
        from_inputs, from_hidden = np.split(0.5 * weight, [inputs.shape[1]], axis=1)
        driven = inputs @ from_inputs.T
        driven[:, units - len(self.weights["bias"]) :] += 0.5 * self.weights["bias"]
        hidden = np.zeros((steps + 1, units), dtype=np.float32)
        squashed, shown = np.empty((2, steps, cells), dtype=np.float32)
        gate_in, gate_out = cells + self._block_of, cells + blocks + self._block_of
        state = np.zeros(cells, dtype=np.float32)
        for t in range(steps):
            now = np.tanh(driven[t] + from_hidden @ hidden[t]) * scale + shift
            squashed[t] = now[:cells]
            state += now[gate_in] * now[:cells]
            shown[t] = np.tanh(0.5 * state)
            now[:cells] = now[gate_out] * shown[t]
            hidden[t + 1] = now
        return _Passed(hidden, squashed, shown)

    def _deltas(self, passed: _Passed, at_cells: Array) -> Array:
        """The error at the net input of every unit [steps, units], from that at the cells' outputs [steps, cells]."""
        cells, blocks = self._cells, self._blocks
        gates_in, gates_out = np.split(passed.hidden[1:, cells:], 2, axis=1)
        at_states = at_cells * gates_out[:, self._block_of] * 0.5 * (1 - passed.shown**2)
        carried = at_states[::-1].cumsum(0)[::-1]  # the carousel: what enters at a step stays for all steps before it
        into_cells = carried * gates_in[:, self._block_of] * (1 - passed.squashed**2 / 4)

        def summed(of_cells: Array) -> Array:
            of_blocks: Array = of_cells.reshape(len(of_cells), blocks, -1).sum(2)
            return of_blocks

        into_in = summed(carried * passed.squashed) * gates_in * (1 - gates_in)
        into_out = summed(at_cells * passed.shown) * gates_out * (1 - gates_out)
        return np.concatenate([into_cells, into_in, into_out], axis=1)
