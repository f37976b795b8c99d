"""Rosenblatt's rule: what it learns, what it cannot, and that it keeps to Novikoff's bound."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from dlbench.data.dataset import Dataset, Examples
from dlbench.data.truth_table import truth_table as rows_of
from dlbench.errors import InputError
from dlbench.models.perceptron import perceptron
from dlbench.scores.truth_table import truth_table
from dlbench.training.novikoff import novikoff_bound
from dlbench.training.perceptron_rule import perceptron_rule
from dlbench.training.step import Step

SWEEPS = 100


def table(function: str) -> Dataset:
    return rows_of(Path(), function=function)  # type: ignore[arg-type]


def learn(data: Dataset, seed: int = 0, sweeps: int = SWEEPS) -> tuple[torch.nn.Module, list[Step]]:
    unit = perceptron(inputs=data.shape[0])
    return unit, list(perceptron_rule(unit, data, torch.Generator().manual_seed(seed), sweeps=sweeps))


@pytest.mark.parametrize("function", ["and", "or", "not", "nand", "nor"])
@pytest.mark.parametrize("seed", range(5))
def test_separable_functions_are_learnt(function: str, seed: int) -> None:
    data = table(function)
    unit, steps = learn(data, seed)
    assert truth_table(unit, data, data.train)["solved"] == 1.0
    assert len(steps) < SWEEPS
    assert steps[-1].loss == 0
    assert steps[-1].counts["mistakes"] <= steps[-1].counts["novikoff_bound"]


@pytest.mark.parametrize("seed", range(20))
def test_xor_is_never_learnt(seed: int) -> None:
    data = table("xor")
    unit = perceptron(inputs=2)
    for step in perceptron_rule(unit, data, torch.Generator().manual_seed(seed), sweeps=50):
        assert step.loss > 0
        assert truth_table(unit, data, data.train)["right"] <= 3
        assert "novikoff_bound" not in step.counts
    assert step.number == step.of == 50


@given(seed=st.integers(0, 2**31), dimensions=st.integers(1, 6), count=st.integers(2, 40), margin=st.floats(0.05, 0.5))
@settings(max_examples=60, deadline=None, derandomize=True)
def test_mistakes_never_pass_the_bound(seed: int, dimensions: int, count: int, margin: float) -> None:
    generator = torch.Generator().manual_seed(seed)
    inputs = torch.randn(count, dimensions, generator=generator)
    plane, offset = torch.randn(dimensions, generator=generator), torch.randn((), generator=generator)
    distance = (inputs @ plane + offset) / plane.norm()
    kept = distance.abs() > margin
    if not kept.any():
        return
    examples = Examples(inputs[kept], (distance[kept] > 0).long())
    data = Dataset(examples, None, ("below", "above"), shift=torch.tensor(0.0), scale=torch.tensor(1.0))
    bound = novikoff_bound(examples.inputs, examples.targets)
    assert bound is not None
    unit, steps = learn(data, seed, sweeps=2000)
    assert steps[-1].counts["mistakes"] <= bound
    assert steps[-1].counts["novikoff_bound"] == bound
    assert truth_table(unit, data, examples)["solved"] == 1.0


def test_a_mistake_adds_the_signed_example_by_hand() -> None:
    """One example of class 1 at (2, -3), weights zero: the sum 0 is a mistake, and w becomes (2, -3), the bias 1."""
    examples = Examples(torch.tensor([[2.0, -3.0]]), torch.tensor([1]))
    data = Dataset(examples, None, ("no", "yes"), shift=torch.tensor(0.0), scale=torch.tensor(1.0))
    unit, steps = learn(data)
    assert [float(step.loss) for step in steps] == [1.0, 0.0]
    assert [step.counts["mistakes"] for step in steps] == [1.0, 1.0]
    assert torch.cat([p.flatten() for p in unit.parameters()]).tolist() == [2.0, -3.0, 1.0]


def test_weights_are_the_signed_sum_of_mistaken_examples() -> None:
    """On {0, 1} rows every weight stays a whole number, and none grows past the number of mistakes."""
    unit, steps = learn(table("and"), seed=3)
    weights = torch.cat([value.flatten() for value in unit.state_dict().values()])
    assert torch.equal(weights, weights.round())
    assert weights.abs().max() <= steps[-1].counts["mistakes"]


def test_the_same_seed_gives_the_same_weights() -> None:
    first, second, other = (learn(table("xor"), seed, sweeps=7)[0].state_dict() for seed in (1, 1, 2))
    assert all(torch.equal(first[name], second[name]) for name in first)
    assert any(not torch.equal(first[name], other[name]) for name in first)


def test_no_bound_is_promised_when_weights_do_not_start_from_zero() -> None:
    data = table("and")
    unit = perceptron(inputs=2)
    torch.nn.init.ones_(unit.get_parameter("weight"))
    step = next(perceptron_rule(unit, data, torch.Generator(), sweeps=1))
    assert "novikoff_bound" not in step.counts


def test_each_sweep_shows_every_example_in_train_mode() -> None:
    data = table("xor")
    unit = perceptron(inputs=2)
    for step in perceptron_rule(unit, data, torch.Generator(), sweeps=3):
        assert unit.training
        assert step.examples == 4
        unit.eval()


def test_refuses_what_is_no_single_unit_or_not_two_classes() -> None:
    data = table("and")
    with pytest.raises(InputError, match="one linear unit"):
        next(perceptron_rule(torch.nn.Linear(2, 3), data, torch.Generator(), sweeps=1))
    three = Dataset(data.train, None, ("a", "b", "c"), shift=data.shift, scale=data.scale)
    with pytest.raises(InputError, match="two classes, the data have 3"):
        next(perceptron_rule(perceptron(inputs=2), three, torch.Generator(), sweeps=1))
