"""How many Boolean functions a single unit computes, counted by letting the units compute them."""

from __future__ import annotations

from torch import nn

from dlbench.data.dataset import Dataset, Examples
from dlbench.scores.evaluation import evaluating


def separable_functions(model: nn.Module, data: Dataset, examples: Examples) -> dict[str, float]:
    """Count the units that are right on every row of their function.

    The model maps rows of a truth table [n, d] to 0 or 1 [n, functions], one unit for each column of the targets.
    Returns separable_functions, separable_percent of all functions, and rows_right_on_parity: the most rows of parity
    (XOR for two inputs) that any function counted here has in common with it, which is exact if the units are all there
    can be. Raises ValueError for a model whose outputs do not fit the targets.
    """
    with evaluating(model):
        fired = model(data.prepare(examples.inputs))
    if fired.shape != examples.targets.shape:
        raise ValueError(f"one unit a function: outputs {tuple(fired.shape)}, targets {tuple(examples.targets.shape)}")
    computed = fired[:, (fired == examples.targets).all(dim=0)]
    agreeing = (computed == examples.inputs.sum(dim=1, keepdim=True) % 2).sum(dim=0)
    count = computed.shape[1]
    return {
        "separable_functions": float(count),
        "separable_percent": 100.0 * count / fired.shape[1],
        "rows_right_on_parity": float(agreeing.max()) if count else 0.0,
    }
