"""What the layers of a convolutional net make of one image, from edges to what no pixel shows.

Zeiler and Fergus: Visualizing and Understanding Convolutional Networks, ECCV 2014, look at the same maps.
"""

from __future__ import annotations

from torch import Tensor, nn

from dlbench.data.dataset import Dataset


def activations(model: nn.Module, data: Dataset, *, example: int = 0, maps: int = 8) -> dict[str, Tensor]:
    """One test image, `input` [c, h, w], and the first `maps` maps of every convolution, [maps, h, w].

    Those are named after their modules, and taken before the activation; each map is stretched to [0, 1].
    """
    examples = data.test if data.test is not None else data.train
    prepared = data.prepare(examples.inputs[example : example + 1])
    seen: dict[str, Tensor] = {}

    def keep(name: str) -> object:
        def hook(_: nn.Module, __: object, output: Tensor) -> None:
            if output.dim() == 4 and output.shape[-1] > 1:
                seen[name] = output[0, :maps].clone()

        return hook

    hooks = [
        module.register_forward_hook(keep(name))  # type: ignore[arg-type]
        for name, module in model.named_modules()
        if isinstance(module, nn.Conv2d)
    ]
    try:
        model(prepared)
    finally:
        for hook in hooks:
            hook.remove()
    return {"input": _stretched(prepared[0])} | {name: _stretched(found, each=True) for name, found in seen.items()}


def _stretched(picture: Tensor, each: bool = False) -> Tensor:
    """Lowest value 0, highest 1; of every map by itself if `each`."""
    dims = (1, 2) if each else (0, 1, 2)
    low, high = picture.amin(dims, keepdim=True), picture.amax(dims, keepdim=True)
    return (picture - low) / (high - low).clamp_min(1e-12)
