"""A computational graph as on the lecture's slide: gates in order forward, the same gates in reverse order backward.

A gate is one number, computed from others. All it knows of calculus is how its own value follows each of its inputs;
the chain rule, which is one line of each `backward`, does the rest. Everything is a float of 64 bits: this is for
reading, not for speed.
"""
# ruff: noqa: D102  (Gate says once what forward and backward do in all of them)

from __future__ import annotations

import math
from graphlib import TopologicalSorter


class Gate:
    """A number with the gates it is computed from.

    value: after forward. gradient: after backward, how fast the loss rises with the value.
    """

    def __init__(self, *inputs: Gate) -> None:
        self.inputs = inputs
        self.value = 0.0
        self.gradient = 0.0

    def forward(self) -> None:
        """Compute the value from the inputs' values."""

    def backward(self) -> None:
        """Add to each input's gradient: the own gradient times how fast the own value rises with that input."""


class Input(Gate):
    """A number from outside: a weight, a pixel, a target."""

    def __init__(self, value: float) -> None:
        super().__init__()
        self.value = value


class Add(Gate):
    """The sum of all inputs: hands its gradient on to each of them."""

    def forward(self) -> None:
        self.value = sum(gate.value for gate in self.inputs)

    def backward(self) -> None:
        for gate in self.inputs:
            gate.gradient += self.gradient


class Multiply(Gate):
    """The product of two: each receives the gradient times the other, and so a gate times itself twice its value."""

    def forward(self) -> None:
        one, other = self.inputs
        self.value = one.value * other.value

    def backward(self) -> None:
        one, other = self.inputs
        one.gradient += self.gradient * other.value
        other.gradient += self.gradient * one.value


class Max(Gate):
    """The larger of two: hands its gradient to that one alone, to the second if they are equal."""

    def forward(self) -> None:
        one, other = self.inputs
        self.value = max(one.value, other.value)

    def backward(self) -> None:
        one, other = self.inputs
        larger = one if one.value > other.value else other
        larger.gradient += self.gradient


class Logistic(Gate):
    """1 / (1 + e^-x), whose slope is y (1 - y)."""

    def forward(self) -> None:
        (gate,) = self.inputs
        self.value = 1.0 / (1.0 + math.exp(min(-gate.value, 700.0)))  # e^710 is too large for a float

    def backward(self) -> None:
        (gate,) = self.inputs
        gate.gradient += self.gradient * self.value * (1.0 - self.value)


class Tanh(Gate):
    """The hyperbolic tangent, whose slope is 1 - y^2."""

    def forward(self) -> None:
        (gate,) = self.inputs
        self.value = math.tanh(gate.value)

    def backward(self) -> None:
        (gate,) = self.inputs
        gate.gradient += self.gradient * (1.0 - self.value**2)


class ComputationalGraph:
    """All gates that the loss depends on, each after those it is computed from."""

    def __init__(self, loss: Gate) -> None:
        self.loss = loss
        self.gates = sorted_topologically(loss)

    def forward(self) -> float:
        """Compute every gate's value; returns the loss."""
        for gate in self.gates:
            gate.forward()
        return self.loss.value

    def backward(self) -> None:
        """Compute every gate's gradient, from the loss back to the inputs; forward comes first."""
        for gate in self.gates:
            gate.gradient = 0.0
        self.loss.gradient = 1.0
        for gate in reversed(self.gates):
            gate.backward()


def sorted_topologically(last: Gate) -> list[Gate]:
    """The gates that `last` depends on, inputs before what is computed from them, `last` at the end."""
    sources: dict[Gate, tuple[Gate, ...]] = {}
    waiting = [last]
    while waiting:
        gate = waiting.pop()
        if gate not in sources:
            sources[gate] = gate.inputs
            waiting.extend(gate.inputs)
    return list(TopologicalSorter(sources).static_order())
