"""Many copies of a small net, one for each seed, learning at once as one batched model."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.func import functional_call, stack_module_state

BLOCK = 32  # a loop of torch takes so many numbers at a time at most, and what is left over number by number


def places(seeds: Sequence[int]) -> list[int]:
    """Where in the stack the copy of each seed lies: always at the same place of a block, whoever else is there.

    So numbers that belong to a seed are always computed by the same instructions, from memory aligned the same way.
    """
    taken: Counter[int] = Counter()
    found = []
    for seed in seeds:
        found.append(seed % BLOCK + BLOCK * taken[seed % BLOCK])
        taken[seed % BLOCK] += 1
    return found


class Copies(nn.Module):
    """Copies of one architecture whose parameters are stacked: every parameter gains a first dimension [copies].

    forward: one batch for all, [n, ...] -> [copies, n, outputs]. Copies share nothing, so the gradient of the summed
    losses is each copy's own, and an optimiser that works number by number (SGD with momentum) updates each alone.
    For nets without buffers that change in training (no batch normalisation); raises ValueError otherwise.

    seeds: of the models. Given them, the stack is made of whole blocks, so that each copy learns, bit for bit, what it
    would alone or among others; places that no seed has are filled with more copies of the last model, and `places`
    says where in outputs and losses the models are. Without seeds there is a copy for each model, in their order.
    """

    def __init__(self, models: Sequence[nn.Module], seeds: Sequence[int] | None = None) -> None:
        super().__init__()
        if any(True for _ in models[0].buffers()):
            raise ValueError("copies of a net with buffers cannot learn together")
        self.places = list(range(len(models))) if seeds is None else places(seeds)
        stacked, _ = stack_module_state(self._filled(models) if seeds is not None else list(models))
        self._models = tuple(models)  # a tuple hides them from nn.Module: their parameters are the stacked ones
        self._names = list(stacked)
        for name, parameter in stacked.items():
            self.register_parameter(name.replace(".", "-"), nn.Parameter(parameter.detach()))

    def _filled(self, models: Sequence[nn.Module]) -> list[nn.Module]:
        """Whole blocks of models, each at its place."""
        filled = [models[-1]] * (BLOCK * (1 + max(self.places) // BLOCK))
        for place, model in zip(self.places, models, strict=True):
            filled[place] = model
        return filled

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
                for place, model in zip(self.places, self._models, strict=True):
                    model.get_parameter(name).copy_(stacked[place])
        return self._models
