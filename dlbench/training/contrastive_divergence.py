"""Pretraining a deep net layer by layer, each layer as a restricted Boltzmann machine, before it is fine-tuned.

Hinton and Salakhutdinov: Reducing the Dimensionality of Data with Neural Networks, Science 313 (2006), and its
supporting material; Hinton: Training Products of Experts by Minimizing Contrastive Divergence, 2002.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from dlbench.data.dataset import Dataset
from dlbench.errors import InputError
from dlbench.models.deep_autoencoder import DeepAutoencoder
from dlbench.models.mlp import MLP
from dlbench.training.checkpoint import Checkpoint
from dlbench.training.conjugate_gradient import search
from dlbench.training.descent import Schedule
from dlbench.training.losses import Loss
from dlbench.training.step import Step


class Machine:
    """A restricted Boltzmann machine whose upward half is a layer of a net: it learns in that layer's own weights.

    up: visible to hidden units, [n, visible] -> [n, hidden]. down: the decoder's layer that mirrors it; its bias is the
    visible units' own, and `unroll` gives it the weights. linear: hidden units are Gaussian with unit variance.
    """

    def __init__(self, up: nn.Linear, down: nn.Linear | None, *, linear: bool) -> None:
        self.up, self.down, self.linear = up, down, linear
        visible_bias = torch.zeros_like(up.weight[0]) if down is None else down.bias
        self.parameters = [up.weight.detach(), up.bias.detach(), visible_bias.detach()]
        self.velocities = [torch.zeros_like(parameter) for parameter in self.parameters]

    def hidden(self, visible: Tensor) -> Tensor:
        """Probabilities that hidden units are on, or means of linear ones."""
        weight, bias, _ = self.parameters
        total = F.linear(visible, weight, bias)
        return total if self.linear else total.sigmoid()

    def visible(self, states: Tensor) -> Tensor:
        """Probabilities of the visible units, given the states of hidden ones."""
        weight, _, bias = self.parameters
        return F.linear(states, weight.T, bias).sigmoid()

    def sample(self, hidden: Tensor, generator: torch.Generator) -> Tensor:
        """States of hidden units with these probabilities or means."""
        if self.linear:
            return hidden + torch.randn(hidden.shape, generator=generator, device=hidden.device)
        return torch.bernoulli(hidden, generator=generator)

    def learn(
        self, data: Tensor, generator: torch.Generator, *, lr: float, momentum: float, weight_cost: float
    ) -> Tensor:
        """One update by the difference between the data and their reconstruction; returns its squared error, 0-d."""
        hidden = self.hidden(data)
        confabulation = self.visible(self.sample(hidden, generator))
        again = self.hidden(confabulation)
        slopes = [
            (hidden.T @ data - again.T @ confabulation) / len(data) - weight_cost * self.parameters[0],
            (hidden - again).mean(0),
            (data - confabulation).mean(0),
        ]
        for parameter, velocity, slope in zip(self.parameters, self.velocities, slopes, strict=True):
            parameter.add_(velocity.mul_(momentum).add_(slope, alpha=lr))
        return (data - confabulation).square().sum(1).mean()

    def unroll(self) -> None:
        """Give the decoder's layer the weights, turned round."""
        if self.down is not None:
            with torch.no_grad():
                self.down.weight.copy_(self.up.weight.T)


class Stack:
    """The machines of a net, lowest first; what it keeps for a checkpoint is not in the net's own weights."""

    def __init__(self, machines: list[Machine]) -> None:
        self.machines = machines

    def below(self, layer: int, inputs: Tensor) -> Tensor:
        """What the machine of that layer sees: the probabilities of the one below, or the pixels, [n, visible]."""
        seen = inputs.flatten(start_dim=1)
        for machine in self.machines[:layer]:
            seen = machine.hidden(seen)
        return seen

    def state_dict(self) -> dict[str, Any]:
        """Velocities, and biases of visible units."""
        return {"kept": [[*machine.velocities, machine.parameters[2]] for machine in self.machines]}

    def load_state_dict(self, state_dict: Mapping[str, Any]) -> None:
        """Go on with these."""
        for machine, kept in zip(self.machines, state_dict["kept"], strict=True):
            for ours, theirs in zip([*machine.velocities, machine.parameters[2]], kept, strict=True):
                ours.copy_(theirs)


def contrastive_divergence(
    model: nn.Module,
    data: Dataset,
    generator: torch.Generator,
    *,
    pretraining_epochs: int,
    fine_tuning_epochs: int,
    loss: Loss,
    lr: float = 0.1,
    linear_lr: float = 0.001,
    momentum: float = 0.5,
    later_momentum: float = 0.9,
    later: int = 5,
    weight_cost: float = 2e-4,
    batch_size: int = 100,
    fine_tuning_batch_size: int = 1000,
    line_searches: int = 3,
    checkpoint: Checkpoint | None = None,
) -> Iterator[Step]:
    """Learn one layer after the other by contrastive divergence (CD-1), then all of them by conjugate gradients.

    pretraining_epochs: for each layer, from the weights the model comes with. lr, linear_lr: of machines with logistic
    and with linear hidden units. momentum: gives way to `later_momentum` after `later` epochs. weight_cost: decays
    weights, not biases. loss, fine_tuning_..., line_searches: as `conjugate_gradient` has them.

    Hidden units are sampled; reconstructions, and the data of the next layer, are probabilities. A step's loss is the
    squared error of the machine's reconstruction while pretraining, and `loss` after that.
    Raises InputError unless the model is a deep_autoencoder or an mlp with logistic hidden units.
    """
    stack = Stack(_machines(model))
    a_layer = Schedule(batch_size, None, pretraining_epochs).length(len(data.train))
    an_epoch = a_layer // pretraining_epochs
    pretraining = a_layer * len(stack.machines)
    total = pretraining + Schedule(fine_tuning_batch_size, None, fine_tuning_epochs).length(len(data.train))
    batches, large_batches = data.batches(batch_size, generator), data.batches(fine_tuning_batch_size, generator)
    first = checkpoint.follow(stack=stack, batches=batches, large_batches=large_batches) if checkpoint else 0
    for done in range(first, pretraining):
        layer, done_here = divmod(done, a_layer)
        machine = stack.machines[layer]
        inputs, _ = next(batches)
        lost = machine.learn(
            stack.below(layer, inputs),
            generator,
            lr=linear_lr if machine.linear else lr,
            momentum=momentum if done_here < later * an_epoch else later_momentum,
            weight_cost=weight_cost,
        )
        if done_here == a_layer - 1:
            machine.unroll()
        yield Step(done + 1, total, len(inputs), lost)
    for done in range(max(first, pretraining), total):
        inputs, targets = next(large_batches)
        yield Step(done + 1, total, len(inputs), search(model, inputs, targets, line_searches, loss))


def _machines(model: nn.Module) -> list[Machine]:
    """A machine for each layer that can be pretrained: of a classifier, all but the one that names classes."""
    if isinstance(model, DeepAutoencoder) and model.activation is torch.sigmoid:
        mirrored = list(zip(model.encoder, reversed(model.decoder), strict=True))
        return [Machine(up, down, linear=up is model.encoder[-1]) for up, down in mirrored]  # type: ignore[arg-type]
    if isinstance(model, MLP) and any(isinstance(layer, nn.Sigmoid) for layer in model):
        return [Machine(layer, None, linear=False) for layer in model if isinstance(layer, nn.Linear)][:-1]
    raise InputError("contrastive_divergence: the model is a deep_autoencoder or an mlp with logistic hidden units")
