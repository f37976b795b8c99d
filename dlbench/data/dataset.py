"""A data set as tensors that live where the model lives: no loader, no workers, no transfers while training."""

import hashlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property

import torch
import torch.nn.functional as F
from torch import Tensor

from dlbench.errors import InputError

Augmentation = Callable[[Tensor, torch.Generator], Tensor]


@dataclass(frozen=True, eq=False)
class Examples:
    """Inputs and their targets, n of each.

    inputs: uint8 images [n, c, h, w] (stored channels_last) or float32 [n, ...]. targets: classes, int64 [n], or values
    to learn, float32 [n] or [n, d].
    """

    inputs: Tensor
    targets: Tensor

    def __len__(self) -> int:
        return len(self.targets)

    def take(self, count: int | None, name: str = "examples") -> "Examples":
        """Return the first `count` examples, all for None: unshuffled, so that everybody's subset is the same.

        `name` is what the user calls the count. Raises InputError when there are fewer, or none are asked for.
        """
        if count is None:
            return self
        if not 1 <= count <= len(self):
            raise InputError(f"{name}: {count} asked for, there are {len(self)}: give a number from 1 to {len(self)}")
        return Examples(self.inputs[:count], self.targets[:count])

    def framed(self, margin: int) -> "Examples":
        """Return the same images with `margin` pixels of background, 0, added on each side."""
        return Examples(F.pad(self.inputs, (margin,) * 4), self.targets) if margin else self

    def to(self, device: torch.device | str) -> "Examples":
        """Return the same examples on `device`, in the same memory format."""
        return Examples(self.inputs.to(device), self.targets.to(device))


@dataclass(frozen=True, eq=False)
class Dataset:
    """Training and test examples, and how raw inputs become what a model sees.

    `classes` is empty where targets are values. `shift` and `scale` broadcast against [n, ...]. `augment` maps a
    prepared float batch to another of the same shape, drawing from the generator; it is used in training only.
    """

    train: Examples
    test: Examples | None
    classes: tuple[str, ...]
    shift: Tensor
    scale: Tensor
    augment: Augmentation | None = None

    @property
    def shape(self) -> tuple[int, ...]:
        """One input's shape, without the batch."""
        return tuple(self.train.inputs.shape[1:])

    @cached_property
    def digest(self) -> str:
        """First 16 hex digits of the SHA-256 of all examples; the same on every device and in every memory format."""
        hasher = hashlib.sha256()
        for examples in (self.train, self.test):
            if examples is None:
                hasher.update(b"none")
                continue
            for tensor in (examples.inputs, examples.targets):
                hasher.update(f"{tensor.dtype} {tuple(tensor.shape)}".encode())
                hasher.update(tensor.cpu().contiguous().numpy().data)
        return hasher.hexdigest()[:16]

    def to(self, device: torch.device | str) -> "Dataset":
        """Return the same data set on `device`."""
        test = None if self.test is None else self.test.to(device)
        return replace(
            self, train=self.train.to(device), test=test, shift=self.shift.to(device), scale=self.scale.to(device)
        )

    def prepare(self, inputs: Tensor) -> Tensor:
        """Return raw `inputs` as the float32 the model sees, (inputs - shift) * scale, in their memory format."""
        return (inputs - self.shift).mul_(self.scale)

    def batches(self, batch_size: int, generator: torch.Generator) -> "Batches":
        """Training batches for ever, prepared and augmented: inputs [batch, ...] float32, and their targets.

        Every epoch has a fresh permutation; what does not fill a batch is left out until the next epoch's. A set
        smaller than a batch is itself the batch. `generator` lives on the data's device and determines everything.
        """
        return Batches(self, batch_size, generator)


class Batches:
    """Batches for ever; can say where in an epoch it is. The state of the generator is its owner's to keep."""

    def __init__(self, data: Dataset, batch_size: int, generator: torch.Generator) -> None:
        self._data = data
        self._size = min(batch_size, len(data.train))
        self._generator = generator
        self._order = torch.empty(0, dtype=torch.int64)  # what is left of this epoch

    def __iter__(self) -> Iterator[tuple[Tensor, Tensor]]:
        return self

    def __next__(self) -> tuple[Tensor, Tensor]:
        if len(self._order) < self._size:
            targets = self._data.train.targets
            self._order = torch.randperm(len(targets), generator=self._generator, device=targets.device)
        index, self._order = self._order[: self._size], self._order[self._size :]
        inputs = self._data.prepare(_rows(self._data.train.inputs, index))
        if self._data.augment is not None:
            inputs = self._data.augment(inputs, self._generator)
        return inputs, self._data.train.targets[index]

    def state_dict(self) -> dict[str, Tensor]:
        """The examples that are still to come in this epoch, in their order: int64 [left]."""
        return {"order": self._order.clone()}  # a view would be saved with all it is a view of

    def load_state_dict(self, state_dict: Mapping[str, Tensor]) -> None:
        """Go on with these examples."""
        self._order = state_dict["order"].to(self._data.train.targets.device)


def _rows(inputs: Tensor, index: Tensor) -> Tensor:
    """Return inputs[index], images in channels_last: index_select copies whole images when they are stored that way."""
    if inputs.dim() != 4:
        return inputs.index_select(0, index)
    return inputs.permute(0, 2, 3, 1).index_select(0, index).permute(0, 3, 1, 2)
