"""A fully connected net of torch taken apart into the gates of a computational graph, one for every sum and product."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor, nn

from dlbench.errors import InputError
from dlbench.training.computational_graph import Add, ComputationalGraph, Gate, Input, Logistic, Max, Multiply, Tanh


class NetOfGates:
    """The net's summed squared error on a few examples, half of it, as one graph; the weights are shared by all rows.

    inputs: [n, d]. targets: [n, outputs]. Raises InputError for a model with anything but linear layers, logistic
    units, tanh and rectified linear units, one after the other.
    """

    def __init__(self, model: nn.Module, inputs: Tensor, targets: Tensor) -> None:
        self._weights = {
            name: [Input(value) for value in weights.flatten().tolist()] for name, weights in model.named_parameters()
        }
        self._shapes = {name: weights.shape for name, weights in model.named_parameters()}
        self._outputs = [self._through(model, row) for row in inputs.tolist()]
        errors = [
            half_square(Add(output, Input(-target)))
            for row, wanted in zip(self._outputs, targets.tolist(), strict=True)
            for output, target in zip(row, wanted, strict=True)
        ]
        self.graph = ComputationalGraph(Add(*errors))

    def load(self, model: nn.Module) -> None:
        """Take over the model's weights."""
        for name, weights in model.named_parameters():
            for gate, value in zip(self._weights[name], weights.flatten().tolist(), strict=True):
                gate.value = value

    def present(self) -> tuple[Tensor, dict[str, Tensor]]:
        """Once forward and once backward: outputs [n, outputs] and the gradient by each weight, in float64."""
        self.graph.forward()
        self.graph.backward()
        outputs = torch.tensor([[gate.value for gate in row] for row in self._outputs], dtype=torch.float64)
        return outputs, {
            name: torch.tensor([gate.gradient for gate in gates], dtype=torch.float64).view(self._shapes[name])
            for name, gates in self._weights.items()
        }

    def _through(self, model: nn.Module, row: Sequence[float]) -> list[Gate]:
        if not isinstance(model, nn.Sequential):
            raise InputError(f"gates: a {type(model).__name__} is no chain of layers; take a fully connected net (mlp)")
        units: list[Gate] = [Input(value) for value in row]
        for name, layer in model.named_children():
            units = _layer(layer, units, {key: self._weights.get(f"{name}.{key}", []) for key in ("weight", "bias")})
        return units


def half_square(gate: Gate) -> Gate:
    """x^2 / 2."""
    return Multiply(Input(0.5), Multiply(gate, gate))


def _layer(layer: nn.Module, units: Sequence[Gate], own: Mapping[str, Sequence[Input]]) -> list[Gate]:
    """What a layer makes of the units before it."""
    if isinstance(layer, nn.Linear):
        width = layer.in_features
        rows = [own["weight"][start : start + width] for start in range(0, len(own["weight"]), width)]
        return [
            Add(*(Multiply(w, x) for w, x in zip(row, units, strict=True)), *own["bias"][index : index + 1])
            for index, row in enumerate(rows)
        ]
    if isinstance(layer, nn.Sigmoid):
        return [Logistic(unit) for unit in units]
    if isinstance(layer, nn.Tanh):
        return [Tanh(unit) for unit in units]
    if isinstance(layer, nn.ReLU):
        return [Max(unit, Input(0.0)) for unit in units]
    if isinstance(layer, nn.Flatten):
        return list(units)
    raise InputError(f"gates: there are none for {type(layer).__name__}; take a fully connected net (model: mlp)")
