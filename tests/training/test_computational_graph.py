"""Gates: each one's slopes against finite differences, and whole graphs against torch's autograd."""

from __future__ import annotations

import random
from collections.abc import Callable

import pytest
import torch
from torch import Tensor

from dlbench.training.computational_graph import (
    Add,
    ComputationalGraph,
    Gate,
    Input,
    Logistic,
    Max,
    Multiply,
    Tanh,
    sorted_topologically,
)

TWO: dict[type[Gate], Callable[[Tensor, Tensor], Tensor]] = {Add: torch.add, Multiply: torch.mul, Max: torch.maximum}
ONE: dict[type[Gate], Callable[[Tensor], Tensor]] = {Logistic: torch.sigmoid, Tanh: torch.tanh}


@pytest.mark.parametrize("kind", [*TWO, *ONE])
def test_a_gate_knows_its_own_slopes(kind: type[Gate]) -> None:
    inputs = [Input(0.7), Input(-1.3)][: 2 if kind in TWO else 1]
    graph = ComputationalGraph(kind(*inputs))
    graph.forward()
    graph.backward()
    for gate in inputs:
        slope, before = gate.gradient, gate.value
        gate.value = before + 1e-6
        above = graph.forward()
        gate.value = before - 1e-6
        below = graph.forward()
        gate.value = before
        assert slope == pytest.approx((above - below) / 2e-6, abs=1e-8)


def test_the_example_of_the_slides_by_hand() -> None:
    """f = (x + y) z at x = -2, y = 5, z = -4: f is -12, and its slopes are -4, -4 and 3."""
    x, y, z = Input(-2.0), Input(5.0), Input(-4.0)
    graph = ComputationalGraph(Multiply(Add(x, y), z))
    assert graph.forward() == -12.0
    graph.backward()
    assert (x.gradient, y.gradient, z.gradient) == (-4.0, -4.0, 3.0)


def test_gradients_add_up_where_a_gate_is_used_more_than_once() -> None:
    x = Input(3.0)
    square = Multiply(x, x)
    graph = ComputationalGraph(Add(square, Multiply(square, x)))  # x^2 + x^3
    assert graph.forward() == 36.0
    graph.backward()
    assert x.gradient == 2 * 3.0 + 3 * 9.0


def test_going_backward_again_gives_the_same() -> None:
    x = Input(0.3)
    graph = ComputationalGraph(Logistic(Multiply(x, x)))
    graph.forward()
    graph.backward()
    first = x.gradient
    graph.backward()
    assert x.gradient == first != 0


def test_every_gate_comes_after_its_inputs_and_once() -> None:
    x, y = Input(1.0), Input(2.0)
    shared = Add(x, y)
    last = Multiply(Logistic(shared), Max(shared, x))
    order = sorted_topologically(last)
    assert len(order) == len(set(order)) == 6
    assert order[-1] is last
    assert all(order.index(source) < order.index(gate) for gate in order for source in gate.inputs)


def test_a_chain_longer_than_pythons_recursion() -> None:
    gate: Gate = Input(1.0)
    for _ in range(5000):
        gate = Add(gate)
    graph = ComputationalGraph(gate)
    graph.forward()
    graph.backward()
    assert graph.gates[0].gradient == 1.0


@pytest.mark.parametrize(("x", "value"), [(-1e4, 0.0), (1e4, 1.0), (0.0, 0.5)])
def test_a_logistic_unit_saturates_and_does_not_overflow(x: float, value: float) -> None:
    assert ComputationalGraph(Logistic(Input(x))).forward() == pytest.approx(value, abs=1e-300)


@pytest.mark.parametrize("seed", range(20))
def test_random_graphs_agree_with_torch(seed: int) -> None:
    dice = random.Random(seed)
    gates: list[Gate] = [Input(dice.uniform(-1, 1)) for _ in range(4)]
    tensors = [torch.tensor(gate.value, dtype=torch.float64, requires_grad=True) for gate in gates]
    leaves = list(tensors)
    for _ in range(25):
        kind = dice.choice([*TWO, *ONE])
        picks = dice.choices(range(len(gates)), k=2 if kind in TWO else 1)
        gates.append(kind(*(gates[pick] for pick in picks)))
        function = TWO[kind] if kind in TWO else ONE[kind]
        if kind is Max and picks[0] == picks[1]:
            tensors.append(tensors[picks[0]] * 1)
        else:
            tensors.append(function(*(tensors[pick] for pick in picks)))
    graph = ComputationalGraph(Add(*gates))
    total = torch.stack(tensors).sum()
    assert graph.forward() == pytest.approx(total.item(), rel=1e-12)
    graph.backward()
    total.backward()  # type: ignore[no-untyped-call]
    for gate, leaf in zip(gates, leaves, strict=False):
        assert leaf.grad is not None
        assert gate.gradient == pytest.approx(leaf.grad.item(), rel=1e-10)
