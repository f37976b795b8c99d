"""What a linear classifier makes of each layer's activations: how far, layer by layer, a net has come.

Alain, Bengio: Understanding intermediate layers using linear classifier probes, arXiv 1610.01644.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from dlbench.data.dataset import Dataset, Examples
from dlbench.models.pixels_linear import LinearOnFeatures
from dlbench.scores.classification_error import classification_error
from dlbench.scores.evaluation import evaluating
from dlbench.scores.listening import listen_to
from dlbench.training.linear_svm import linear_svm


def linear_probes(
    model: nn.Module,
    data: Dataset,
    examples: Examples,
    *,
    layers: Sequence[str],
    side: int = 4,
    C: float = 0.3,
    batch_size: int = 1000,
) -> dict[str, float]:
    """Score the model, and a linear SVM fitted to each layer's activations on the training examples.

    `layers` are names of the model's parts. Maps larger than `side` x `side` are averaged down to that, so that layers
    below do not win by sheer size. C: as in `linear_svm`.
    Returns what `classification_error` returns for the model and, for each layer, `<layer>_probe_error_percent`: not on
    the training examples, which the probes have seen. A look on the way would fit all probes anew, and be told of some
    training examples: recipes take none (`curve: {points: 0}`).
    Raises AttributeError for a layer that the model has not, ValueError when there is nothing to score.
    """
    scores = classification_error(model, data, examples, batch_size=batch_size)
    if examples is data.train:
        return scores
    seen = _activations(model, data, data.train, layers, side, batch_size)
    scored = _activations(model, data, examples, layers, side, batch_size)
    for layer in layers:
        scores[f"{layer}_probe_error_percent"] = _probe_error(data, seen[layer], scored[layer], C)
    return scores


class Probe(LinearOnFeatures):
    """The features are the activations it is given, [n, d]."""

    def __init__(self, *, count: int, classes: int) -> None:
        super().__init__(input_shape=(count,), feature_count=count, classes=classes)

    def features(self, images: Tensor) -> Tensor:
        """The activations themselves."""
        return images


def _probe_error(data: Dataset, seen: Examples, scored: Examples, C: float) -> float:
    """Error in per cent on the examples `scored` of the SVM fitted to those `seen`; always of the same random order."""
    device = seen.targets.device
    as_they_are = {"shift": torch.zeros((), device=device), "scale": torch.ones((), device=device), "augment": None}
    rows = replace(data, train=seen, test=None, **as_they_are)  # type: ignore[arg-type]  # of three types
    probe = Probe(count=seen.inputs.shape[1], classes=len(data.classes)).to(device)
    for _ in linear_svm(probe, rows, torch.Generator(device).manual_seed(0), C=C):
        pass
    return classification_error(probe, rows, scored)["error_percent"]


def _activations(
    model: nn.Module, data: Dataset, examples: Examples, layers: Sequence[str], side: int, batch_size: int
) -> dict[str, Examples]:
    """Each layer's activations as rows [n, d], with the targets of their examples."""
    with listen_to(model, layers) as heard, evaluating(model):
        for inputs in torch.split(examples.inputs, batch_size):
            model(data.prepare(inputs))
            for parts in heard.values():
                parts[-1] = _flat(parts[-1], side)
    return {layer: Examples(torch.cat(parts), examples.targets) for layer, parts in heard.items()}


def _flat(activations: Tensor, side: int) -> Tensor:
    """[n, d] or [n, c, h, w] -> [n, d], maps averaged down to at most `side` x `side`."""
    if activations.dim() == 4 and max(activations.shape[2:]) > side:
        activations = F.adaptive_avg_pool2d(activations, side)
    return activations.flatten(start_dim=1)
