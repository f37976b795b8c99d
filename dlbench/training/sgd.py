"""Mini-batch stochastic gradient descent with momentum: the lecture's four-line loop."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Literal

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from dlbench.data.dataset import Dataset
from dlbench.errors import InputError
from dlbench.training.checkpoint import Checkpoint
from dlbench.training.step import Step


def sgd(
    model: nn.Module,
    data: Dataset,
    generator: torch.Generator,
    *,
    lr: float,
    batch_size: int,
    steps: int | None = None,
    epochs: int | None = None,
    momentum: float = 0.0,
    nesterov: bool = False,
    weight_decay: float | Mapping[str, float] = 0.0,
    milestones: Sequence[int] = (),
    decay: Literal["step", "linear"] = "step",
    warm_up: int = 0,
    loss: Literal["cross_entropy", "squared_error"] = "cross_entropy",
    checkpoint: Checkpoint | None = None,
) -> Iterator[Step]:
    """Sample a batch, forward, backward, update; yield after each update.

    lr: divided by 10 at each of `milestones`, given in steps or, with `epochs`, in epochs (`decay: step`); falls on a
        straight line to zero at the end (`decay: linear`).
    warm_up: steps at a tenth of the rate before all else (He et al. 2015, section 4.2, do this for depth 110).
    weight_decay: for all weights and biases, or by the layer's name: `{conv: 0.004, fc: 0.03}` takes the first key that
        the parameter's name begins with; a parameter that no key fits is not decayed.
    loss: `squared_error` is half the sum over outputs, averaged over the batch (Rumelhart et al. 1986).

    A model of several copies (`Copies`) gets each copy's own gradient: the copies' losses are summed, and copies share
    no parameter. Raises InputError unless exactly one of `steps` and `epochs` is given, and for sizes below 1.
    """
    if batch_size < 1:
        raise InputError(f"training: batch_size: {batch_size} is not a positive whole number")
    per_epoch = max(1, len(data.train) // batch_size)
    total = _length(steps, epochs, per_epoch)
    edges = [m * (per_epoch if epochs is not None else 1) for m in milestones]
    optimiser = torch.optim.SGD(
        _groups(model, weight_decay), lr=lr, momentum=momentum, nesterov=nesterov, fused=_can_fuse(model)
    )
    losses_of = _cross_entropy if loss == "cross_entropy" else _squared_error
    batches = data.batches(batch_size, generator)
    first = checkpoint.follow(optimiser=optimiser, batches=batches) if checkpoint else 0
    for done in range(first, total):
        rate = lr * _fraction(done, total, edges, decay, warm_up)
        for group in optimiser.param_groups:
            group["lr"] = rate
        inputs, targets = next(batches)
        model.train()
        losses = losses_of(model(inputs), targets)
        optimiser.zero_grad()
        losses.sum().backward()  # type: ignore[no-untyped-call]
        optimiser.step()
        yield Step(done + 1, total, len(targets), losses.detach())


def _length(steps: int | None, epochs: int | None, per_epoch: int) -> int:
    if (steps is None) == (epochs is None):
        raise InputError("training: give exactly one of steps and epochs, null for the other (training.epochs=null)")
    total = steps if steps is not None else (epochs or 0) * per_epoch
    if total < 1:
        raise InputError("training: steps and epochs are positive whole numbers")
    return total


def _fraction(done: int, total: int, edges: Sequence[int], decay: str, warm_up: int) -> float:
    """The share of the full learning rate that the step after `done` steps uses."""
    if done < warm_up:
        return 0.1
    if decay == "linear":
        return float((total - done) / (total - warm_up))
    return float(10.0 ** -sum(done >= edge for edge in edges))


def _groups(model: nn.Module, weight_decay: float | Mapping[str, float]) -> list[dict[str, object]]:
    """The optimiser's parameter groups, one for each amount of weight decay."""
    by_prefix = weight_decay if isinstance(weight_decay, Mapping) else {"": weight_decay}
    groups: dict[float, list[nn.Parameter]] = {}
    for name, parameter in model.named_parameters():
        amount = next((value for prefix, value in by_prefix.items() if name.startswith(prefix)), 0.0)
        groups.setdefault(amount, []).append(parameter)
    return [{"params": parameters, "weight_decay": amount} for amount, parameters in groups.items()]


def _can_fuse(model: nn.Module) -> bool:
    return all(p.device.type in {"cpu", "cuda"} and p.is_floating_point() for p in model.parameters())


def _cross_entropy(outputs: Tensor, targets: Tensor) -> Tensor:
    """Mean over the batch; outputs [n, classes] or [copies, n, classes], result 0-d or [copies]."""
    if outputs.dim() == 2:
        return F.cross_entropy(outputs, targets)
    flat = F.cross_entropy(outputs.flatten(0, 1), targets.repeat(len(outputs)), reduction="none")
    return flat.view(len(outputs), -1).mean(1)


def _squared_error(outputs: Tensor, targets: Tensor) -> Tensor:
    """Half the sum over outputs, mean over the batch; a single output is compared with 0 or 1, several with one-hot."""
    wanted = targets[:, None].float() if outputs.shape[-1] == 1 else F.one_hot(targets, outputs.shape[-1]).float()
    return 0.5 * (outputs - wanted).square().sum(-1).mean(-1)
