"""Contrastive divergence against the free energy, an exact likelihood, and itself when cut short."""

from __future__ import annotations

import itertools
from collections.abc import Callable

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from dlbench.data.dataset import Dataset, Examples
from dlbench.errors import InputError
from dlbench.models.deep_autoencoder import DeepAutoencoder, deep_autoencoder
from dlbench.models.mlp import mlp
from dlbench.training.checkpoint import Checkpoint
from dlbench.training.contrastive_divergence import Machine, contrastive_divergence
from dlbench.training.step import Step


def generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def pictures(count: int = 40, pixels: int = 12) -> Dataset:
    """Noisy copies of two patterns, as their own targets."""
    pattern = torch.tensor([[1.0, 0.0] * (pixels // 2), [0.0, 1.0] * (pixels // 2)])
    images = (pattern[torch.arange(count) % 2] + 0.1 * torch.randn(count, pixels, generator=generator())).clamp(0, 1)
    examples = Examples(images, images)
    return Dataset(examples, None, (), shift=torch.tensor(0.0), scale=torch.tensor(1.0))


def net(sizes: tuple[int, ...] = (12, 8, 6, 2)) -> DeepAutoencoder:
    torch.manual_seed(1)
    model = deep_autoencoder(sizes=sizes)
    assert isinstance(model, DeepAutoencoder)
    return model


def taught(
    model: nn.Module, data: Dataset, steps: int | None = None, checkpoint: Checkpoint | None = None
) -> list[Step]:
    """Two epochs of four batches for each layer, then one of two large batches."""
    rule = contrastive_divergence(
        model, data, torch.Generator(), pretraining_epochs=2, fine_tuning_epochs=1, later=1, lr=0.5, linear_lr=0.01,
        loss="binary_cross_entropy", batch_size=10, fine_tuning_batch_size=20, checkpoint=checkpoint,
    )  # fmt: skip
    return list(itertools.islice(rule, steps))


@pytest.mark.parametrize("linear", [False, True])
def test_an_update_is_the_slope_of_the_free_energies(linear: bool) -> None:
    """CD-1 goes down F(data) - F(reconstruction), the reconstruction held fixed (Hinton 2002, equation 5)."""
    torch.manual_seed(0)
    up, down = nn.Linear(7, 5), nn.Linear(5, 7)
    machine = Machine(up, down, linear=linear)
    weight, bias, visible = (p.detach().clone().requires_grad_() for p in (up.weight, up.bias, down.bias))
    data = torch.rand(30, 7)

    def free_energy(v: Tensor) -> Tensor:
        total = F.linear(v, weight, bias)
        return (-v @ visible - (total.square() / 2 if linear else F.softplus(total)).sum(1)).mean()

    with torch.no_grad():
        fantasy = machine.visible(machine.sample(machine.hidden(data), generator(3)))
    loss = free_energy(data) - free_energy(fantasy) + 0.3 / 2 * weight.square().sum()
    slopes = torch.autograd.grad(loss, [weight, bias, visible])

    lost = machine.learn(data, generator(3), lr=0.2, momentum=0.0, weight_cost=0.3)
    for now, before, slope in zip((up.weight, up.bias, down.bias), (weight, bias, visible), slopes, strict=True):
        torch.testing.assert_close(now, before - 0.2 * slope)
    torch.testing.assert_close(lost, (data - fantasy).square().sum(1).mean())


def test_momentum_keeps_a_share_of_the_last_update() -> None:
    torch.manual_seed(0)
    machine = Machine(nn.Linear(4, 3), None, linear=False)
    machine.velocities[0].fill_(1.0)
    before = machine.up.weight.detach().clone()
    machine.learn(torch.rand(5, 4), generator(), lr=0.0, momentum=0.9, weight_cost=0.0)
    torch.testing.assert_close(machine.up.weight.detach() - before, torch.full((3, 4), 0.9))


def test_hidden_units_are_sampled() -> None:
    machine, means = Machine(nn.Linear(2, 2), None, linear=False), torch.tensor([0.25, 0.8]).expand(20_000, 2)
    states = machine.sample(means, generator())
    assert set(states.unique().tolist()) == {0.0, 1.0}
    torch.testing.assert_close(states.mean(0), means[0], atol=0.02, rtol=0)
    machine.linear = True
    states = machine.sample(means, generator())
    torch.testing.assert_close(states.mean(0), means[0], atol=0.03, rtol=0)
    torch.testing.assert_close(states.std(0), torch.ones(2), atol=0.03, rtol=0)


def test_learning_raises_the_exact_likelihood() -> None:
    """Two patterns of six pixels: at best each has half of the probability, which all 64 pictures share."""
    torch.manual_seed(0)
    machine = Machine(nn.Linear(6, 4), None, linear=False)
    data = torch.tensor([[1.0, 0, 1, 0, 1, 0], [0, 1, 1, 1, 0, 0]])
    everything = torch.tensor(list(itertools.product([0.0, 1.0], repeat=6)))

    def log_likelihood() -> float:
        weight, bias, visible = machine.parameters
        energies = [v @ visible + F.softplus(F.linear(v, weight, bias)).sum(1) for v in (data, everything)]
        return float(energies[0].mean() - energies[1].logsumexp(0))

    untaught = log_likelihood()
    dice = generator()
    for _ in range(1500):
        machine.learn(data, dice, lr=0.1, momentum=0.5, weight_cost=0.0)
    assert untaught < -3.0
    assert log_likelihood() > -1.0  # log(1/2) = -0.69


def test_layers_learn_one_after_the_other_and_the_decoder_mirrors_them() -> None:
    model, data = net(), pictures()
    before = [layer.weight.detach().clone() for layer in model.encoder]
    steps = taught(model, data, 8)
    changed = [not torch.equal(layer.weight, old) for layer, old in zip(model.encoder, before, strict=True)]
    assert changed == [True, False, False]
    assert torch.equal(model.decoder[2].weight, model.encoder[0].weight.T)
    assert not torch.equal(model.decoder[1].weight, model.encoder[1].weight.T)
    assert [(step.number, step.of, step.examples) for step in steps] == [(n, 26, 10) for n in range(1, 9)]


def test_all_layers_are_unrolled_before_fine_tuning() -> None:
    model = net()
    taught(model, pictures(), 24)
    for up, down in zip(model.encoder, reversed(model.decoder), strict=True):
        assert torch.equal(down.weight, up.weight.T)
        assert down.bias.any(), "the visible units' biases"
    assert torch.equal(model.encoder[0].weight.T, model.decoder[-1].weight)


def test_fine_tuning_lowers_the_loss_of_the_whole_net() -> None:
    model, data = net(), pictures()

    def loss() -> float:
        return float(F.binary_cross_entropy_with_logits(model(data.train.inputs), data.train.targets).detach())

    taught(model, data, 24)
    pretrained = loss()
    steps = taught(model, data)
    assert loss() < pretrained
    assert [step.examples for step in steps[-3:]] == [10, 20, 20]


def test_a_classifier_keeps_its_last_layer_for_fine_tuning() -> None:
    torch.manual_seed(0)
    model = mlp(sizes=[12, 8, 6, 2])
    data = pictures()
    classes = torch.arange(40) % 2
    data = Dataset(Examples(data.train.inputs, classes), None, ("a", "b"), data.shift, data.scale)
    before = {name: value.clone() for name, value in model.state_dict().items()}
    rule = contrastive_divergence(
        model, data, generator(), pretraining_epochs=1, fine_tuning_epochs=20, loss="cross_entropy", batch_size=10
    )
    list(itertools.islice(rule, 8))
    changed = [name for name, value in model.state_dict().items() if not torch.equal(value, before[name])]
    assert changed == ["hidden1.weight", "hidden1.bias", "hidden2.weight", "hidden2.bias"]
    assert float(list(rule)[-1].loss) < 0.1
    assert torch.equal(model(data.train.inputs).argmax(1), classes)


@pytest.mark.parametrize("cut", [3, 8, 19, 25])
@pytest.mark.parametrize("build", [net, lambda: mlp(sizes=[12, 8, 6, 12])], ids=["autoencoder", "classifier"])
def test_goes_on_to_the_same_weights_where_it_was_cut_short(cut: int, build: Callable[[], nn.Module]) -> None:
    def continued(model: nn.Module, checkpoint: Checkpoint, steps: int | None) -> list[Step]:
        dice = generator()
        checkpoint.watch(model=model, generator=dice)
        rule = contrastive_divergence(
            model, pictures(), dice, pretraining_epochs=2, fine_tuning_epochs=1, later=1, lr=0.5, linear_lr=0.01,
            loss="binary_cross_entropy", batch_size=10, fine_tuning_batch_size=20, checkpoint=checkpoint,
        )  # fmt: skip
        return list(itertools.islice(rule, steps))

    torch.manual_seed(0)
    whole = build()
    in_parts, again = build(), build()
    in_parts.load_state_dict(whole.state_dict())
    total = len(continued(whole, Checkpoint(), None))
    first = Checkpoint()
    cut = min(cut, total - 1)
    continued(in_parts, first, cut)
    kept = first.state(cut)
    rest = continued(again, Checkpoint(kept), None)
    assert [step.number for step in rest] == list(range(cut + 1, total + 1))
    assert all(torch.equal(value, whole.state_dict()[name]) for name, value in again.state_dict().items())


@pytest.mark.parametrize(
    "model", [nn.Linear(12, 2), mlp(sizes=[12, 2]), deep_autoencoder(sizes=[12, 2], activation="relu")]
)
def test_refuses_nets_without_logistic_hidden_units(model: nn.Module) -> None:
    with pytest.raises(InputError, match="deep_autoencoder or an mlp with logistic"):
        taught(model, pictures())
