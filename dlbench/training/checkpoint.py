"""What a learning rule needs so that training that was cut short goes on from there, to the very same weights."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

import torch

from dlbench import randomness

State = Mapping[str, Any]


class Stateful(Protocol):
    """Anything that changes from step to step and can say how it stands: a model, an optimiser, `Dataset.batches`."""

    def state_dict(self) -> dict[str, Any]:
        """All that is needed to go on from here: tensors, numbers, strings, and lists and dictionaries of them."""
        ...

    def load_state_dict(self, state_dict: Any, /) -> Any:
        """Be as when `state_dict` was called."""
        ...


class Unfit(Exception):
    """The state kept does not fit what is to be continued; nothing else has happened yet."""


class Checkpoint:
    """The state of one training between two steps: of the parts that follow it, and of all random numbers.

    A learning rule that takes `checkpoint: Checkpoint | None = None` can be continued. Right before its loop it calls
    `follow` with whatever changes from step to step besides the model and the generator, and begins after the steps
    that returns:

        first = checkpoint.follow(optimiser=optimiser, batches=batches) if checkpoint else 0
        for done in range(first, total):
    """

    def __init__(self, kept: State | None = None) -> None:
        """Of a training that begins, or that goes on from what `state` gave once."""
        self.is_followed = False
        self.steps = int(kept["steps"]) if kept else 0
        self._kept = kept
        self._parts: dict[str, Stateful | torch.Generator] = {}

    def watch(self, **parts: Stateful | torch.Generator) -> None:
        """Let these parts follow as well; for who calls the rule."""
        self._parts |= parts

    def follow(self, **parts: Stateful) -> int:
        """Put all parts, and random numbers, where they stood; return how many steps were done then.

        Raises Unfit if a part cannot be put there.
        """
        self._parts |= parts
        self.is_followed = True
        if self._kept is not None:
            try:
                self._restore(self._kept)
            except Exception as error:  # parts may be anybody's
                raise Unfit(f"{type(error).__name__}: {error}".partition("\n")[0]) from error
            self._kept = None
        return self.steps

    def state(self, steps: int) -> dict[str, Any]:
        """How everything stands after so many steps."""
        return {
            "steps": steps,
            "parts": {name: _state(part) for name, part in self._parts.items()},
            "random": randomness.state(),
        }

    def _restore(self, kept: State) -> None:
        for name, part in self._parts.items():
            state = kept["parts"][name]
            part.set_state(state) if isinstance(part, torch.Generator) else part.load_state_dict(state)
        randomness.restore(kept["random"])


def _state(part: Stateful | torch.Generator) -> Any:
    return part.get_state() if isinstance(part, torch.Generator) else part.state_dict()
