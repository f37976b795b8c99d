"""How large a net is: parameters, and multiply-adds of one example, layer by layer."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

import torch
from torch import Tensor, nn
from torch.utils.flop_counter import FlopCounterMode


@dataclass(frozen=True)
class Layer:
    """One layer as its paper draws it: output shape without the batch, parameters, multiply-adds of one example."""

    name: str
    kind: str
    output_shape: tuple[int, ...]
    parameters: int
    multiply_adds: int


def parameters(model: nn.Module) -> int:
    """Trainable parameters."""
    return sum(p.numel() for p in model.parameters() if p.requires_grad)


def multiply_adds(model: nn.Module, input_shape: Sequence[int]) -> int:
    """Multiply-adds of convolutions and matrix products for one example, by torch's own counter."""
    return _count(model, input_shape)[0]


def layers(model: nn.Module, input_shape: Sequence[int]) -> list[Layer]:
    """The layers that contain no other layer, in the order in which an example passes them."""
    return _count(model, input_shape)[1]


def _shape(output: Any) -> tuple[int, ...]:
    """An output's shape without the batch; of several outputs, as a recurrent layer gives, the first one's."""
    first = output if isinstance(output, Tensor) else next(iter(output))
    return tuple(first.shape[1:])


def _recurrent_layer(
    inputs: Sequence[int], from_inputs: Sequence[int], from_hidden: Sequence[int], *_: Any, **__: Any
) -> int:
    """Operations of a fused recurrent layer: two products a step, of inputs [steps, n, d] and of the hidden state."""
    return _recurrent_net(inputs, [from_inputs, from_hidden])


def _recurrent_net(inputs: Sequence[int], weights: Sequence[Sequence[int]], *_: Any, **__: Any) -> int:
    """Operations of a whole recurrent net: a product a step for every weight matrix; biases are vectors."""
    return 2 * math.prod(inputs[:-1]) * sum(math.prod(weight) for weight in weights if len(weight) == 2)


def _backward_of(forward: Callable[..., int]) -> Callable[..., int]:
    """Two products for each one forward: the gradients of the weights, and of their inputs."""
    return lambda *shapes, **others: 2 * forward(*shapes, **others)


UNKNOWN_TO_TORCH: Final = {
    torch.ops.aten.mkldnn_rnn_layer: _recurrent_layer,
    torch.ops.aten.mkldnn_rnn_layer_backward: _backward_of(_recurrent_layer),
    torch.ops.aten._cudnn_rnn: _recurrent_net,
    torch.ops.aten._cudnn_rnn_backward: _backward_of(_recurrent_net),
}  # torch's counter does not know these


def counter() -> FlopCounterMode:
    """Torch's counter of operations, extended to recurrent layers."""
    return FlopCounterMode(display=False, custom_mapping=UNKNOWN_TO_TORCH)


def _count(model: nn.Module, input_shape: Sequence[int]) -> tuple[int, list[Layer]]:
    passed: list[tuple[str, nn.Module, tuple[int, ...]]] = []
    leaves = {name: module for name, module in model.named_modules() if name and not list(module.children())}
    hooks = [
        module.register_forward_hook(lambda module, _, output, name=name: passed.append((name, module, _shape(output))))
        for name, module in leaves.items()
    ]
    was_training = model.training
    first = next(model.parameters(), torch.zeros(()))
    try:
        with counter() as counted, torch.no_grad():
            model.eval()(torch.zeros(1, *input_shape, device=first.device))
    finally:
        model.train(was_training)
        for hook in hooks:
            hook.remove()
    flops = {name.partition(".")[2]: sum(by_op.values()) for name, by_op in counted.get_flop_counts().items()}
    rows = [
        Layer(name, type(module).__name__, shape, parameters(module), flops.get(name, 0) // 2)
        for name, module, shape in passed
    ]
    return counted.get_total_flops() // 2, rows
