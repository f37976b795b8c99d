"""What memory is taken for while a model takes a step, in bytes: by torch's public hooks, alike on every device.

Torch's MemTracker would say more (temporary results as well), but lies in `torch.distributed._tools`, which is private.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.autograd.graph import saved_tensors_hooks
from torch.optim import Optimizer
from torch.optim.optimizer import register_optimizer_step_post_hook
from torch.utils._pytree import tree_leaves

Storages = dict[int, int]  # where one lies -> its bytes: tensors that share one take it once


@dataclass(frozen=True)
class Kinds:
    """Bytes of each kind; None where a learning rule has none that torch's hooks see.

    gradients: of `backward()`. optimizer: the state of torch's optimisers, step counters included. activations: the
    most that autograd held at once for the backward pass, inputs and converted weights included.
    """

    parameter_bytes: int
    buffer_bytes: int
    gradient_bytes: int | None
    optimizer_bytes: int | None
    activation_bytes: int | None


def of_step(model: nn.Module, step: Callable[[], object]) -> Kinds:
    """The bytes of each kind that the model and this step of its training, or inference, take."""
    parameters, buffers = _storages(model.parameters()), _storages(model.buffers())
    gradients: Storages = {}
    states: Storages = {}
    saved = _Saved(parameters | buffers)

    def after_backward(parameter: Tensor) -> None:
        gradients.update(_storages([parameter.grad]))

    def after_step(optimizer: Optimizer, *_: Any) -> None:
        states.update(_storages(tree_leaves(list(optimizer.state.values()))))

    handles = [
        parameter.register_post_accumulate_grad_hook(after_backward)  # type: ignore[no-untyped-call]
        for parameter in model.parameters()
        if parameter.requires_grad
    ]
    handles.append(register_optimizer_step_post_hook(after_step))
    try:
        with saved_tensors_hooks(saved.pack, saved.unpack):
            step()
    finally:
        for handle in handles:
            handle.remove()
    taken = (sum(storages.values()) for storages in (parameters, buffers, gradients, states))
    of_parameters, of_buffers, *others = taken
    return Kinds(of_parameters, of_buffers, *(size or None for size in (*others, saved.most)))


def _storages(values: Iterable[Any]) -> Storages:
    return {
        value.untyped_storage().data_ptr(): value.untyped_storage().nbytes()
        for value in values
        if isinstance(value, Tensor)
    }


class _Saved:
    """Counts the storages that autograd holds, but for those which are there anyway. most: bytes at once."""

    def __init__(self, known: Storages) -> None:
        self._known = known
        self._holders: Counter[int] = Counter()
        self._bytes = self.most = 0

    def pack(self, tensor: Tensor) -> Tensor | _Held:
        """What autograd keeps in place of the tensor."""
        return tensor if tensor.untyped_storage().data_ptr() in self._known else _Held(tensor, self)

    @staticmethod
    def unpack(kept: Tensor | _Held) -> Tensor:
        """The tensor again."""
        return kept.tensor if isinstance(kept, _Held) else kept

    def change(self, storage: torch.UntypedStorage, by: int) -> None:
        """One holder of a storage more, or one less."""
        place = storage.data_ptr()
        self._holders[place] += by
        if self._holders[place] == (by > 0):  # its first holder came, or its last one went
            self._bytes += by * storage.nbytes()
            self.most = max(self.most, self._bytes)


class _Held:
    """A tensor that autograd holds, until it lets go of this."""

    def __init__(self, tensor: Tensor, saved: _Saved) -> None:
        self.tensor, self._saved = tensor, saved
        saved.change(tensor.untyped_storage(), 1)

    def __del__(self) -> None:
        self._saved.change(self.tensor.untyped_storage(), -1)
