"""Many copies of a small net, one for each seed, learning at once as one batched model."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.func import functional_call, stack_module_state


class Copies(nn.Module):
    """Copies of one architecture whose parameters are stacked: every parameter gains a first dimension [copies].

    forward: one batch for all, [n, ...] -> [copies, n, outputs]. Copies share nothing, so the gradient of the summed
    losses is each copy's own, and an optimiser that works number by number (SGD with momentum) updates each alone.
    For nets without buffers that change in training (no batch normalisation); raises ValueError otherwise.
    """

    def __init__(self, models: Sequence[nn.Module]) -> None:
        super().__init__()
        if any(True for _ in models[0].buffers()):
            raise ValueError("copies of a net with buffers cannot learn together")
        stacked, _ = stack_module_state(list(models))
        self._models = tuple(models)  # a tuple hides them from nn.Module: their parameters are the stacked ones
        self._names = list(stacked)
        for name, parameter in stacked.items():
            self.register_parameter(name.replace(".", "-"), nn.Parameter(parameter.detach()))

    def _stacked(self) -> dict[str, Tensor]:
        return {name: self.get_parameter(name.replace(".", "-")) for name in self._names}

    def forward(self, inputs: Tensor) -> Tensor:
        """All copies' outputs on the same batch."""
        one = self._models[0]

        def single(parameters: dict[str, Tensor]) -> Tensor:
            return functional_call(one, parameters, (inputs,))  # type: ignore[no-any-return]

        return torch.vmap(single, randomness="different")(self._stacked())

    def separate(self) -> tuple[nn.Module, ...]:
        """The copies one by one, with the weights learnt so far."""
        with torch.no_grad():
            for name, stacked in self._stacked().items():
                for model, weights in zip(self._models, stacked, strict=True):
                    model.get_parameter(name).copy_(weights)
        return self._models
