"""The top layer learns alone for so many epochs, on what the pretrained ones below it give; then all do."""

from __future__ import annotations

import itertools

import pytest
import torch
from torch import Tensor, nn

from dlbench.data.dataset import Dataset, Examples
from dlbench.errors import InputError
from dlbench.models.deep_autoencoder import deep_autoencoder
from dlbench.models.mlp import mlp
from dlbench.training.checkpoint import Checkpoint
from dlbench.training.contrastive_divergence import contrastive_divergence
from dlbench.training.contrastive_divergence_top_first import contrastive_divergence_top_first
from dlbench.training.step import Step

PRETRAINING, TOP, ALL = 2 * 2 * 4, 2, 6  # steps: two layers, two epochs of four batches; then batches of twenty


def patterns() -> Dataset:
    """Noisy copies of two patterns, and which it is."""
    pattern, targets = torch.tensor([[1.0, 0.0] * 6, [0.0, 1.0] * 6]), torch.arange(40) % 2
    noise = 0.3 * torch.randn(40, 12, generator=torch.Generator().manual_seed(0))
    examples = Examples((pattern[targets] + noise).clamp(0, 1), targets)
    return Dataset(examples, None, ("one", "other"), shift=torch.tensor(0.0), scale=torch.tensor(1.0))


def net() -> nn.Module:
    torch.manual_seed(1)
    return mlp(sizes=[12, 8, 6, 2])


def taught(model: nn.Module, steps: int | None = None, checkpoint: Checkpoint | None = None) -> list[Step]:
    dice = torch.Generator()
    if checkpoint:
        checkpoint.watch(model=model, generator=dice)
    rule = contrastive_divergence_top_first(
        model, patterns(), dice, pretraining_epochs=2, top_epochs=1, fine_tuning_epochs=3, later=1, lr=0.5,
        loss="cross_entropy", batch_size=10, fine_tuning_batch_size=20, checkpoint=checkpoint,
    )  # fmt: skip
    return list(itertools.islice(rule, steps))


def weights(model: nn.Module) -> list[Tensor]:
    return [parameter.detach().clone() for parameter in model.parameters()]


def test_pretraining_is_that_of_contrastive_divergence() -> None:
    model, other = net(), net()
    taught(model, PRETRAINING)
    rule = contrastive_divergence(
        other, patterns(), torch.Generator(), pretraining_epochs=2, fine_tuning_epochs=3, later=1, lr=0.5,
        loss="cross_entropy", batch_size=10, fine_tuning_batch_size=20,
    )  # fmt: skip
    list(itertools.islice(rule, PRETRAINING))
    assert all(map(torch.equal, weights(model), weights(other)))


def test_the_layers_below_wait_for_the_top_one() -> None:
    model, early, later = net(), net(), net()
    taught(model, PRETRAINING)
    taught(early, PRETRAINING + TOP)
    steps = taught(later)
    stayed = [torch.equal(a, b) for a, b in zip(weights(model), weights(early), strict=True)]
    assert stayed == [True] * 4 + [False] * 2
    assert not any(map(torch.equal, weights(early), weights(later)))
    assert [step.number for step in steps] == list(range(1, PRETRAINING + ALL + 1))
    assert {step.of for step in steps} == {PRETRAINING + ALL}
    losses = [float(step.loss) for step in steps[PRETRAINING:]]
    assert losses[-1] < losses[TOP - 1] < losses[0]


@pytest.mark.parametrize("cut", [3, PRETRAINING, PRETRAINING + 1, PRETRAINING + TOP])
def test_cut_short_it_goes_on_to_the_same_weights(cut: int) -> None:
    whole, model = net(), net()
    taught(whole)
    first, again = Checkpoint(), net()
    taught(model, cut, first)
    taught(again, checkpoint=Checkpoint(first.state(cut)))
    assert all(map(torch.equal, weights(whole), weights(again)))


def test_refuses_what_has_no_top_layer_and_too_many_epochs_of_it() -> None:
    with pytest.raises(InputError, match="is an mlp"):
        taught(deep_autoencoder(sizes=(12, 2)))
    for top_epochs in (0, 4):
        with pytest.raises(InputError, match="between 1 and fine_tuning_epochs"):
            next(
                contrastive_divergence_top_first(
                    net(), patterns(), torch.Generator(), pretraining_epochs=1, top_epochs=top_epochs,
                    fine_tuning_epochs=3, loss="cross_entropy",
                )
            )  # fmt: skip
