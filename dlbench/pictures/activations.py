"""What the layers of a convolutional net make of one image, from edges to what no pixel shows.

Zeiler and Fergus: Visualizing and Understanding Convolutional Networks, ECCV 2014, look at the same maps.
"""

from __future__ import annotations

from torch import Tensor, nn

from dlbench.data.dataset import Dataset
from dlbench.scores.listening import listen_to


def activations(model: nn.Module, data: Dataset, *, example: int = 0, maps: int = 8) -> dict[str, Tensor]:
    """One test image, `input` [c, h, w], and the first `maps` maps of every convolution, [maps, h, w].

    Those are named after their modules, and taken before the activation; each map is stretched to [0, 1].
    """
    examples = data.test if data.test is not None else data.train
    prepared = data.prepare(examples.inputs[example : example + 1])
    convolutions = [name for name, module in model.named_modules() if isinstance(module, nn.Conv2d)]
    with listen_to(model, convolutions) as heard:
        model(prepared)
    seen = {name: outputs[0][0, :maps] for name, outputs in heard.items() if outputs and outputs[0].shape[-1] > 1}
    return {"input": _stretched(prepared[0])} | {name: _stretched(found, each=True) for name, found in seen.items()}


def _stretched(picture: Tensor, each: bool = False) -> Tensor:
    """Lowest value 0, highest 1; of every map by itself if `each`."""
    dims = (1, 2) if each else (0, 1, 2)
    low, high = picture.amin(dims, keepdim=True), picture.amax(dims, keepdim=True)
    return (picture - low) / (high - low).clamp_min(1e-12)
