"""Mini-batch gradient descent, the lecture's four-line loop, whatever the optimiser makes of the gradient."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

import torch
from torch import Tensor, nn

from dlbench.data.dataset import Dataset
from dlbench.errors import InputError
from dlbench.training.capture import Capture
from dlbench.training.checkpoint import Checkpoint
from dlbench.training.losses import LOSSES, Loss
from dlbench.training.step import Step

Decay: TypeAlias = Literal["step", "linear"]


@dataclass(frozen=True)
class Schedule:
    """How long to learn, and at which share of the full learning rate.

    milestones: the rate is divided by 10 at each, in steps or, with `epochs`, in epochs (`decay: step`); with `decay:
    linear` it falls on a straight line to zero at the end. warm_up: steps at a tenth of the rate before all else.
    ramp: steps over which the rate rises on a straight line to what it would be without (Goyal et al. 2017, 2.2).
    """

    batch_size: int
    steps: int | None
    epochs: int | None
    milestones: Sequence[int] = ()
    decay: Decay = "step"
    warm_up: int = 0
    ramp: int = 0

    def length(self, examples: int) -> int:
        """All steps on a training set of this size; InputError unless there is one answer."""
        if self.batch_size < 1:
            raise InputError(f"training: batch_size: {self.batch_size} is not a positive whole number")
        if (self.steps is None) == (self.epochs is None):
            raise InputError(
                "training: give exactly one of steps and epochs, null for the other (training.epochs=null)"
            )
        total = self.steps if self.steps is not None else (self.epochs or 0) * self._per_epoch(examples)
        if total < 1:
            raise InputError("training: steps and epochs are positive whole numbers")
        return total

    def fraction(self, done: int, examples: int) -> float:
        """The share of the full learning rate that the step after `done` steps uses."""
        if done < self.warm_up:
            return 0.1
        rise = min(1.0, (done + 1) / self.ramp) if self.ramp else 1.0
        if self.decay == "linear":
            total = self.length(examples)
            return rise * float((total - done) / (total - self.warm_up))
        unit = 1 if self.steps is not None else self._per_epoch(examples)
        return rise * float(10.0 ** -sum(done >= milestone * unit for milestone in self.milestones))

    def _per_epoch(self, examples: int) -> int:
        return max(1, examples // self.batch_size)


def descend(
    model: nn.Module,
    data: Dataset,
    generator: torch.Generator,
    optimiser: torch.optim.Optimizer,
    schedule: Schedule,
    *,
    loss: Loss,
    clip: float | None = None,
    max_norm: float | None = None,
    checkpoint: Checkpoint | None = None,
    capture: Capture | None = None,
) -> Iterator[Step]:
    """Sample a batch, forward, backward, update; yield after each update.

    clip: gradients longer than this, all parameters taken together, are shortened to it (Pascanu et al. 2013).
    max_norm: after each update no unit's incoming weights are longer (Srivastava et al. 2014, section 5.1).
    A model of several copies (`Copies`) gets each copy's own gradient: the copies' losses are summed, and copies share
    no parameter, which is why they take neither `clip` nor `max_norm` (InputError).
    capture: makes a CUDA graph of forward, backward and update.
    """

    def update(inputs: Tensor, targets: Tensor) -> Tensor:
        model.train()
        losses = LOSSES[loss](model(inputs), targets)
        optimiser.zero_grad()
        losses.sum().backward()  # type: ignore[no-untyped-call]
        if clip is not None:
            _clip(model, losses.dim(), clip)
        optimiser.step()
        if max_norm is not None:
            _renormalise(model, losses.dim(), max_norm)
        return losses.detach()

    total, full_rate = schedule.length(len(data.train)), optimiser.param_groups[0]["lr"]
    batches = data.batches(schedule.batch_size, generator)
    first = checkpoint.follow(optimiser=optimiser, batches=batches) if checkpoint else 0
    take = capture.of(update, optimiser) if capture else update
    for done in range(first, total):
        _set_rate(optimiser, full_rate * schedule.fraction(done, len(data.train)))
        inputs, targets = next(batches)
        yield Step(done + 1, total, len(targets), take(inputs, targets))


def _set_rate(optimiser: torch.optim.Optimizer, rate: float) -> None:
    """Set the learning rate; where it is a tensor, that a CUDA graph reads, its value."""
    for group in optimiser.param_groups:
        if isinstance(group["lr"], Tensor):
            group["lr"].fill_(rate)
        else:
            group["lr"] = rate


def groups(model: nn.Module, weight_decay: float | Mapping[str, float]) -> list[dict[str, object]]:
    """The optimiser's parameter groups, one for each amount of weight decay."""
    by_prefix = weight_decay if isinstance(weight_decay, Mapping) else {"": weight_decay}
    found: dict[float, list[nn.Parameter]] = {}
    for name, parameter in model.named_parameters():
        amount = next((value for prefix, value in by_prefix.items() if name.startswith(prefix)), 0.0)
        found.setdefault(amount, []).append(parameter)
    return [{"params": parameters, "weight_decay": amount} for amount, parameters in found.items()]


def can_fuse(model: nn.Module) -> bool:
    """Whether torch's fused optimisers take all parameters of the model."""
    return all(p.device.type in {"cpu", "cuda"} and p.is_floating_point() for p in model.parameters())


def _clip(model: nn.Module, copies: int, longest: float) -> None:
    if copies:
        raise InputError("training: clip: copies that learn together cannot be clipped each by itself")
    nn.utils.clip_grad_norm_(model.parameters(), longest)


def _renormalise(model: nn.Module, copies: int, longest: float) -> None:
    """Shorten the incoming weights of every unit, a row of a layer's weights, that have grown longer."""
    if copies:
        raise InputError("training: max_norm: copies that learn together have no layers whose weights could be bounded")
    with torch.no_grad():
        for module in model.modules():
            weight = getattr(module, "weight", None)
            if isinstance(weight, nn.Parameter) and weight.dim() > 1:
                weight.copy_(torch.renorm(weight, p=2, dim=0, maxnorm=longest))
