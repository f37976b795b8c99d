"""What a hidden layer loses with one of its units or with many, and what a unit can tell by itself."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import Tensor, nn

from dlbench.data.dataset import Dataset, Examples
from dlbench.scores.classification_error import classification_error
from dlbench.scores.evaluation import evaluating
from dlbench.scores.listening import listen_to


def silenced_units(
    model: nn.Module, data: Dataset, examples: Examples, *, layer: str, group: int = 10, draws: int = 20
) -> dict[str, float]:
    """Silence units of a layer, whose outputs are [n, units]: one by one, and `draws` times a random half of them.

    Returns what `classification_error` returns for the whole net and, but of the training examples, in points of error
    added: worst_unit_points, mean_unit_points, half_points. Then how well units alone tell the classes, an example
    being of the class whose training mean is nearest: best_unit_error_percent, mean_unit_error_percent and
    group_error_percent, of `draws` random groups of `group` units.
    Raises AttributeError for a layer that the model has not.
    """
    scores = classification_error(model, data, examples)
    if examples is data.train:
        return scores
    seen, shown = (_outputs(model, data, split, layer) for split in (data.train, examples))
    units = seen.shape[1]
    halves, groups = (_draws(units, count, draws, seen.device) for count in (units // 2, group))
    single = torch.arange(units, device=seen.device)[:, None]

    def added(lost: Tensor) -> Tensor:
        """Points of error that the loss of each of these groups of units adds."""
        errors = [_error_without(model, data, examples, layer, which) for which in lost]
        return torch.tensor(errors) - scores["error_percent"]

    def alone(kept: Tensor) -> Tensor:
        """Error of each of these groups of units by itself."""
        means = [_means(seen[:, which], data.train.targets, len(data.classes)) for which in kept]
        guesses = [torch.cdist(shown[:, which], mean).argmin(1) for which, mean in zip(kept, means, strict=True)]
        return torch.stack([100.0 * (guess != examples.targets).float().mean() for guess in guesses])

    without_one, one = added(single), alone(single)
    return scores | {
        "worst_unit_points": float(without_one.max()),
        "mean_unit_points": float(without_one.mean()),
        "half_points": float(added(halves).mean()),
        "best_unit_error_percent": float(one.min()),
        "mean_unit_error_percent": float(one.mean()),
        "group_error_percent": float(alone(groups).mean()),
    }


def _draws(units: int, count: int, draws: int, device: torch.device) -> Tensor:
    """So many random groups of `count` different units: int64 [draws, count]."""
    return torch.stack([torch.randperm(units)[:count] for _ in range(draws)]).to(device)


def _outputs(model: nn.Module, data: Dataset, examples: Examples, layer: str) -> Tensor:
    """What the layer says of each example: [n, units]."""
    with listen_to(model, [layer]) as heard, evaluating(model):
        model(data.prepare(examples.inputs))
    return heard[layer][0]


def _means(rows: Tensor, targets: Tensor, classes: int) -> Tensor:
    """The mean of each class's rows: [classes, units]."""
    sums = rows.new_zeros(classes, rows.shape[1]).index_add_(0, targets, rows)
    return sums / targets.bincount(minlength=classes).clamp(min=1)[:, None]


def _error_without(model: nn.Module, data: Dataset, examples: Examples, layer: str, lost: Tensor) -> float:
    with _silenced(model.get_submodule(layer), lost):
        return classification_error(model, data, examples)["error_percent"]


@contextmanager
def _silenced(layer: nn.Module, units: Tensor) -> Iterator[None]:
    """Inside, these units of the layer say 0."""
    handle = layer.register_forward_hook(lambda _, __, output: output.index_fill(1, units, 0.0))
    try:
        yield
    finally:
        handle.remove()
