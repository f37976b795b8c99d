"""Training data as most programs bring them: by torch's DataLoader, example by example, from main memory.

The examples, their order and their augmentation are those of data that lie on the device, so that a run learns the
same, bit for bit, and its speed says what a loader costs.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields

import torch
from torch import Tensor
from torch.utils.data import DataLoader, TensorDataset

from dlbench.data.dataset import Batches, Dataset


@dataclass(frozen=True, eq=False)
class Loaded(Dataset):
    """A data set whose training batches come from a DataLoader. workers: processes that read ahead; 0 for none."""

    workers: int = 0

    @classmethod
    def of(cls, data: Dataset, workers: int) -> Loaded:
        """The same data set."""
        return cls(**{field.name: getattr(data, field.name) for field in fields(Dataset)}, workers=workers)

    def batches(self, batch_size: int, generator: torch.Generator) -> LoadedBatches:
        """The batches of `Dataset.batches`, in the same order."""
        return LoadedBatches(self, batch_size, generator)


class LoadedBatches(Batches):
    """Batches for ever. The loader gets the order of each epoch when that begins, and its workers stay."""

    def __init__(self, data: Loaded, batch_size: int, generator: torch.Generator) -> None:
        super().__init__(data, batch_size, generator)
        self._indices: list[list[int]] = []  # of each batch that is left of this epoch
        kept = TensorDataset(data.train.inputs.cpu(), data.train.targets.cpu())
        self._loader = DataLoader(
            kept, batch_sampler=self._indices, num_workers=data.workers, persistent_workers=data.workers > 0,
            pin_memory=data.train.targets.device.type == "cuda",
        )  # fmt: skip
        self._epoch: Iterator[list[Tensor]] | None = None

    def __next__(self) -> tuple[Tensor, Tensor]:
        device = self._data.train.targets.device
        if len(self._order) < self._size:
            count = len(self._data.train)
            self._order, self._epoch = torch.randperm(count, generator=self._generator, device=device), None
        if self._epoch is None:
            starts = range(0, len(self._order) - self._size + 1, self._size)
            self._indices[:] = [self._order[start : start + self._size].tolist() for start in starts]
            self._epoch = iter(self._loader)
        self._order = self._order[self._size :]
        is_pinned = device.type == "cuda"
        raw, targets = (tensor.to(device, non_blocking=is_pinned) for tensor in next(self._epoch))
        if raw.dim() == 4:
            raw = raw.contiguous(memory_format=torch.channels_last)
        inputs = self._data.prepare(raw)
        return inputs if self._data.augment is None else self._data.augment(inputs, self._generator), targets

    def load_state_dict(self, state_dict: Mapping[str, Tensor]) -> None:
        """Go on with these examples."""
        super().load_state_dict(state_dict)
        self._epoch = None
