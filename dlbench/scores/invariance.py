"""How much of a layer's say changes when an image is moved, mirrored or blurred by noise.

Goodfellow, Le, Saxe, Lee, Ng: Measuring Invariances in Deep Networks, NIPS 2009, ask the same of single units.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import torch
from torch import Tensor, nn

from dlbench.data.augment import crop_flip
from dlbench.data.dataset import Dataset, Examples
from dlbench.scores.classification_error import classification_error
from dlbench.scores.evaluation import evaluating
from dlbench.scores.listening import listen_to

Change = Callable[[Tensor], Tensor]


def invariance(
    model: nn.Module,
    data: Dataset,
    examples: Examples,
    *,
    layers: Sequence[str],
    shift: int = 2,
    noise: float = 0.5,
    first: int = 1000,
) -> dict[str, float]:
    """Compare what layers say of an image and of a changed one, on the `first` examples.

    Changes: shift, `shift` pixels right and down, zeros coming in; mirror, left to right; noise, normal, of so many
    standard deviations of all pixels.
    Returns what `classification_error` returns and, but of the training examples, <layer>_<change>_percent: the mean
    squared distance between both, over that between different images. At 0 nothing is seen of the change, at 100 it
    is as if it were another image.
    Raises AttributeError for a layer that the model has not.
    """
    scores = classification_error(model, data, examples)
    if examples is data.train:
        return scores
    images = data.prepare(examples.inputs[:first])
    own = _heard(model, images, layers)
    for name, change in _changes(shift, noise * float(images.std())).items():
        changed = _heard(model, change(images), layers)
        scores |= {f"{layer}_{name}_percent": _distance(own[layer], changed[layer]) for layer in layers}
    return scores


def _changes(shift: int, noise_sd: float) -> Mapping[str, Change]:
    def moved(images: Tensor) -> Tensor:
        nothing = torch.zeros(len(images), dtype=torch.int64, device=images.device)
        return crop_flip(images, nothing, nothing, nothing.bool(), shift)

    return {
        "shift": moved,
        "mirror": lambda images: images.flip(3),
        "noise": lambda images: images + noise_sd * torch.randn(images.shape).to(images),
    }


def _heard(model: nn.Module, images: Tensor, layers: Sequence[str]) -> dict[str, Tensor]:
    """What each layer says of the images: [n, d]."""
    with listen_to(model, layers) as heard, evaluating(model):
        model(images)
    return {layer: outputs[0].flatten(1) for layer, outputs in heard.items()}


def _distance(own: Tensor, changed: Tensor) -> float:
    """Mean squared distance in per cent of that between two images, which is twice the variance."""
    between = 2 * (own - own.mean(0)).double().square().sum(1).mean() * len(own) / (len(own) - 1)
    return 100.0 * float((own - changed).double().square().sum(1).mean() / between)
