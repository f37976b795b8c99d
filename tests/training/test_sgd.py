from copy import deepcopy

import pytest
import torch
from torch import nn

from dlbench.data.dataset import Dataset, Examples
from dlbench.errors import InputError
from dlbench.training.checkpoint import Checkpoint
from dlbench.training.copies import Copies
from dlbench.training.descent import Schedule
from dlbench.training.sgd import sgd


def made(n=32, d=5, classes=3):
    generator = torch.Generator().manual_seed(1)
    inputs = torch.randn(n, d, generator=generator)
    targets = torch.randint(classes, (n,), generator=generator)
    names = tuple(map(str, range(classes)))
    return Dataset(Examples(inputs, targets), None, names, torch.zeros(()), torch.ones(()))


def net(seed=0, d=5, outputs=3):
    torch.manual_seed(seed)
    return nn.Sequential(nn.Linear(d, 8), nn.Tanh(), nn.Linear(8, outputs))


def weights(model):
    return [p.detach().clone() for p in model.parameters()]


def learn(model, **changes):
    options = {"lr": 0.1, "batch_size": 8, "steps": 10, "momentum": 0.9, "weight_decay": 1e-2} | changes
    return list(sgd(model, made(), torch.Generator().manual_seed(0), **options))


def test_momentum_and_weight_decay_are_those_of_the_paper_written_by_hand():
    """v <- m v + (g + wd w); w <- w - lr v (Krizhevsky et al. 2012, section 5, in PyTorch's arrangement)."""
    model, by_hand = net(), net()
    learn(model)
    batches = made().batches(8, torch.Generator().manual_seed(0))
    velocity = [torch.zeros_like(p) for p in by_hand.parameters()]
    for _ in range(10):
        inputs, targets = next(batches)
        gradients = torch.autograd.grad(
            nn.functional.cross_entropy(by_hand(inputs), targets), list(by_hand.parameters())
        )
        for p, v, g in zip(by_hand.parameters(), velocity, gradients, strict=True):
            v.mul_(0.9).add_(g + 1e-2 * p.detach())
            p.data.sub_(0.1 * v)
    for learnt, expected in zip(weights(model), weights(by_hand), strict=True):
        torch.testing.assert_close(learnt, expected)


def test_the_same_seed_gives_the_same_weights_bit_for_bit():
    one, other = net(), net()
    learn(one)
    learn(other)
    assert all(torch.equal(a, b) for a, b in zip(weights(one), weights(other), strict=True))


@pytest.mark.parametrize("done", [1, 5, 10])
def test_training_goes_on_from_a_checkpoint_bit_for_bit(done):
    whole, cut, goes_on = net(), net(), net(seed=9)
    expected = learn(whole, milestones=[6], warm_up=2)
    generator, checkpoint = torch.Generator().manual_seed(0), Checkpoint()
    checkpoint.watch(model=cut, generator=generator)
    options = {"lr": 0.1, "batch_size": 8, "steps": 10, "momentum": 0.9, "weight_decay": 1e-2}
    options |= {"milestones": [6], "warm_up": 2}
    steps = sgd(cut, made(), generator, **options, checkpoint=checkpoint)
    for _ in range(done):
        next(steps)
    later = torch.Generator()
    second = Checkpoint(deepcopy(checkpoint.state(done)))
    second.watch(model=goes_on, generator=later)
    rest = list(sgd(goes_on, made(), later, **options, checkpoint=second))
    assert [step.number for step in rest] == list(range(done + 1, 11))
    assert [step.loss for step in rest] == [step.loss for step in expected[done:]]
    assert all(torch.equal(a, b) for a, b in zip(weights(goes_on), weights(whole), strict=True))


def test_squared_error_is_half_the_sum_over_outputs():
    model = net()
    first = learn(model, loss="squared_error", steps=1, lr=0.0)[0]
    inputs, targets = next(made().batches(8, torch.Generator().manual_seed(0)))
    expected = 0.5 * ((net()(inputs) - nn.functional.one_hot(targets, 3)) ** 2).sum(1).mean()
    torch.testing.assert_close(first.loss, expected.detach())


@pytest.mark.parametrize(
    ("options", "rates"),
    [
        ({"steps": 6, "milestones": [2, 4]}, [1, 1, 0.1, 0.1, 0.01, 0.01]),
        ({"steps": 4, "warm_up": 2, "milestones": [3]}, [0.1, 0.1, 1, 0.1]),
        ({"steps": 4, "decay": "linear"}, [1, 0.75, 0.5, 0.25]),
        ({"steps": None, "epochs": 2, "milestones": [1]}, [1, 1, 1, 1, 0.1, 0.1, 0.1, 0.1]),
    ],
)
def test_the_learning_rate_follows_its_schedule(options, rates):
    """Without momentum and decay a step's size over its gradient is the rate."""
    model = nn.Linear(5, 3)
    data, taken = made(), []
    options = {"lr": 0.5, "batch_size": 8} | options
    before = weights(model)
    batches = data.batches(8, torch.Generator().manual_seed(0))
    for _ in sgd(model, data, torch.Generator().manual_seed(0), **options):
        inputs, targets = next(batches)
        old = nn.Linear(5, 3)
        old.load_state_dict(dict(zip(("weight", "bias"), before, strict=True)))
        gradient = torch.autograd.grad(nn.functional.cross_entropy(old(inputs), targets), old.bias)[0]
        taken.append(float(((before[1] - model.bias.detach()) / gradient).mean() / 0.5))
        before = weights(model)
    assert taken == pytest.approx(rates, rel=1e-3)


def test_weight_decay_by_name_reaches_only_that_layer():
    model = nn.Sequential()
    model.add_module("conv", nn.Linear(5, 3))
    model.add_module("fc", nn.Linear(3, 3))
    conv, fc = weights(model.conv), weights(model.fc)
    data = made()
    zero = Dataset(Examples(data.train.inputs * 0, data.train.targets), None, data.classes, data.shift, data.scale)
    next(sgd(model, zero, torch.Generator().manual_seed(0), lr=1.0, batch_size=8, steps=1, weight_decay={"conv": 0.5}))
    torch.testing.assert_close(model.conv.weight.detach(), conv[0] * 0.5)  # zero inputs: no gradient but the decay
    assert not torch.equal(model.fc.bias, fc[1])


def test_steps_or_epochs_but_not_both():
    with pytest.raises(InputError, match="exactly one"):
        learn(net(), steps=3, epochs=1)
    with pytest.raises(InputError, match="exactly one"):
        learn(net(), steps=None)


def test_a_step_says_where_it_is_and_leaves_evaluation_mode():
    model = net()
    steps = sgd(model, made(), torch.Generator().manual_seed(0), lr=0.1, batch_size=8, epochs=2)
    first = next(steps)
    assert (first.number, first.of, first.examples, first.loss.requires_grad) == (1, 8, 8, False)
    model.eval()
    next(steps)
    assert model.training


@pytest.mark.parametrize("loss", ["cross_entropy", "squared_error"])
def test_copies_that_learn_together_learn_what_each_learns_alone(loss):
    together = Copies([net(seed) for seed in range(4)])
    last = learn(together, loss=loss)[-1]
    for seed, copy in enumerate(together.separate()):
        alone = net(seed)
        step = learn(alone, loss=loss)[-1]
        torch.testing.assert_close(last.loss[seed], step.loss)
        for a, b in zip(weights(copy), weights(alone), strict=True):
            torch.testing.assert_close(a, b)


@pytest.mark.parametrize("bound", ["clip", "max_norm"])
def test_copies_refuse_bounds_that_are_on_one_net(bound):
    with pytest.raises(InputError, match=bound):
        learn(Copies([net(seed) for seed in range(2)]), **{bound: 1.0})


def test_copies_refuse_a_net_with_buffers():
    with pytest.raises(ValueError, match="buffers"):
        Copies([nn.BatchNorm1d(3)])


def test_a_ramp_rises_on_a_straight_line_and_warm_up_is_a_step():
    ramp = Schedule(batch_size=1, steps=10, epochs=None, ramp=4)
    assert [ramp.fraction(done, 10) for done in range(6)] == pytest.approx([0.25, 0.5, 0.75, 1, 1, 1])
    falling = Schedule(batch_size=1, steps=10, epochs=None, decay="linear", ramp=2)
    assert [falling.fraction(done, 10) for done in (0, 1, 5)] == pytest.approx([0.5, 0.9, 0.5])
    step = Schedule(batch_size=1, steps=10, epochs=None, warm_up=2)
    assert [step.fraction(done, 10) for done in range(4)] == pytest.approx([0.1, 0.1, 1, 1])
