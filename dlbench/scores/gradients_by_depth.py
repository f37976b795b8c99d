"""How large the signal and the gradient are in each layer of a net, before it has learnt anything or after.

Glorot & Bengio: Understanding the difficulty of training deep feedforward neural networks, AISTATS 2010 (Figures 6 and
7 look at the same two); He et al. 2015 (arXiv 1512.03385), section 4.1, suspect that it is not this that hinders plain
nets with batch normalisation.
"""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from dlbench.data.dataset import Dataset, Examples

PLACES = (0, 25, 50, 75, 100)  # per cent of the way from the first convolution to the last


def gradients_by_depth(model: nn.Module, data: Dataset, examples: Examples, *, first: int = 128) -> dict[str, float]:
    """Run the `first` examples forward and back, as a step of training would, and measure convolutions on the way.

    The model maps prepared images [n, ...] to class scores [n, classes]; it is put in training mode, so that batch
    normalisation does what it does in training, and left as it was.
    Returns loss (mean cross-entropy, nats); activation_rms_at_<p>_percent, of the output of the convolution that lies
    p per cent of the way down; gradient_rms_at_<p>_percent, of the loss by its weights; and gradient_ratio, that at 0
    over that at 100 per cent: above 1 the gradient grows on its way back, below it shrinks.
    Raises ValueError for a net with fewer than two convolutions.
    """
    layers = [module for module in model.modules() if isinstance(module, nn.Conv2d)]
    if len(layers) < 2:
        raise ValueError("gradients_by_depth looks at convolutions, and this net has fewer than two")
    state = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    was_training = model.training
    outputs: dict[nn.Module, Tensor] = {}
    handles = [
        layer.register_forward_hook(lambda layer, _, output: outputs.update({layer: output})) for layer in layers
    ]
    try:
        with torch.enable_grad():
            scores = model.train()(data.prepare(examples.inputs[:first]))
            loss = F.cross_entropy(scores.float(), examples.targets[:first])
            gradients = torch.autograd.grad(loss, [layer.weight for layer in layers])
    finally:
        for handle in handles:
            handle.remove()
        model.train(was_training)
        model.load_state_dict(state)  # the running statistics moved
    found = {"loss": float(loss.detach())}
    for place in PLACES:
        index = round(place / 100 * (len(layers) - 1))
        found[f"activation_rms_at_{place}_percent"] = _rms(outputs[layers[index]])
        found[f"gradient_rms_at_{place}_percent"] = _rms(gradients[index])
    nearest, last = found["gradient_rms_at_0_percent"], found["gradient_rms_at_100_percent"]
    found["gradient_ratio"] = nearest / last if last else math.inf
    return found


def _rms(tensor: Tensor) -> float:
    return float(tensor.detach().double().square().mean().sqrt())
