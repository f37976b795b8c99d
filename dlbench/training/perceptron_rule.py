"""Rosenblatt's learning rule for a single unit.

Rosenblatt: The Perceptron, Psychological Review 65, 1958, in the fixed-increment form that Novikoff's proof of 1962 and
Minsky and Papert 1969 (section 11.1) treat.
"""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import Tensor, nn

from dlbench.data.dataset import Dataset
from dlbench.errors import InputError
from dlbench.training.novikoff import novikoff_bound
from dlbench.training.step import Step


def perceptron_rule(model: nn.Module, data: Dataset, generator: torch.Generator, *, sweeps: int) -> Iterator[Step]:
    """Show the examples one by one, each sweep in a new random order; on a mistake add y x to the weights.

    y is +1 for class 1 and -1 for class 0. A sum of exactly zero is a mistake for either class: from zero weights
    nothing would be learnt otherwise. So the rule is a little stricter than the unit, which says class 1 from zero on,
    and when the rule is content the unit is right everywhere.

    Yields one step a sweep, whose loss is the mistakes in that sweep, and stops after a sweep without any (it has
    converged) or after `sweeps`. Counts mistakes since the start and, where the classes can be separated and the
    weights start from zero, novikoff_bound, which mistakes never pass.
    Raises InputError unless the model is one linear unit and the data have two classes.
    """
    unit = _single_unit(model)
    if len(data.classes) != 2:
        raise InputError(f"perceptron_rule: separates two classes, the data have {len(data.classes)}: use sgd")
    inputs = data.prepare(data.train.inputs).flatten(start_dim=1)
    signs = 2.0 * data.train.targets.to(inputs) - 1.0
    counts = _bound(unit, inputs, data.train.targets) | {"mistakes": 0.0}
    for sweep in range(1, sweeps + 1):
        model.train()
        order = torch.randperm(len(signs), generator=generator, device=signs.device)
        with torch.no_grad():
            mistakes = _sweep(unit, inputs[order], signs[order])
        counts = counts | {"mistakes": counts["mistakes"] + float(mistakes)}
        yield Step(sweep, sweeps, len(signs), mistakes, counts)
        if mistakes == 0:
            return


def _sweep(unit: nn.Linear, inputs: Tensor, signs: Tensor) -> Tensor:
    """Learn from each example once, in the order given; return how many mistakes there were, 0-d."""
    mistakes = torch.zeros((), device=inputs.device)
    for x, y in zip(inputs, signs, strict=True):
        mistake = (y * unit(x[None])[0] <= 0).float()
        unit.weight.add_(mistake * y * x)
        unit.bias.add_(mistake * y)
        mistakes += mistake[0]
    return mistakes


def _bound(unit: nn.Linear, inputs: Tensor, targets: Tensor) -> dict[str, float]:
    """The bound under its name, or nothing where Novikoff promises nothing."""
    if unit.weight.any() or unit.bias.any():
        return {}
    bound = novikoff_bound(inputs, targets)
    return {} if bound is None else {"novikoff_bound": bound}


def _single_unit(model: nn.Module) -> nn.Linear:
    if isinstance(model, nn.Linear) and model.out_features == 1 and model.bias is not None:
        return model
    raise InputError(f"perceptron_rule: teaches one linear unit (model: perceptron), not {type(model).__name__}")
