"""Memory by kind of nets whose bytes are counted by hand."""

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from dlbench.measure import memory_kinds
from dlbench.measure.memory_kinds import Kinds

EXAMPLES = 7
PARAMETERS = 4 * (64 * 32 + 32 + 32 * 10 + 10)
# inputs, what the ReLU gave (for itself, and as the next layer's input), log-softmax; targets; the sum of their weights
SAVED = 4 * EXAMPLES * (64 + 32 + 10) + 8 * EXAMPLES + 4


def net() -> nn.Sequential:
    return nn.Sequential(nn.Linear(64, 32), nn.ReLU(), nn.Linear(32, 10))


def trained(model: nn.Module, optimiser: torch.optim.Optimizer, batches: int = 1) -> None:
    optimiser.zero_grad()
    for _ in range(batches):
        F.cross_entropy(model(torch.rand(EXAMPLES, 64)), torch.zeros(EXAMPLES, dtype=torch.long)).backward()
    optimiser.step()


@pytest.mark.parametrize(
    ("make", "state"),
    [
        (lambda weights: torch.optim.SGD(weights, lr=0.1), None),
        (lambda weights: torch.optim.SGD(weights, lr=0.1, momentum=0.9), PARAMETERS),
        (lambda weights: torch.optim.Adam(weights), 2 * PARAMETERS + 4 * 4),  # a counter for each of four tensors
    ],
    ids=["sgd", "momentum", "adam"],
)
def test_a_step_of_training(make, state):
    model = net()
    optimiser = make(model.parameters())
    found = memory_kinds.of_step(model, lambda: trained(model, optimiser))
    assert found == Kinds(PARAMETERS, 0, PARAMETERS, state, SAVED)


def test_activations_of_batches_one_after_the_other_are_not_added_up():
    model = net()
    optimiser = torch.optim.SGD(model.parameters(), lr=0.1)
    assert memory_kinds.of_step(model, lambda: trained(model, optimiser, batches=3)).activation_bytes == SAVED


def test_inference_keeps_nothing_for_a_backward_pass():
    model = net()
    with torch.inference_mode():
        found = memory_kinds.of_step(model, lambda: model(torch.rand(EXAMPLES, 64)))
    assert found == Kinds(PARAMETERS, 0, None, None, None)


def test_buffers_and_frozen_weights():
    model = nn.Sequential(nn.Linear(4, 8), nn.BatchNorm1d(8))
    model[0].requires_grad_(False)
    optimiser = torch.optim.SGD([each for each in model.parameters() if each.requires_grad], lr=0.1)

    def step() -> None:
        model(torch.rand(EXAMPLES, 4)).sum().backward()
        optimiser.step()

    found = memory_kinds.of_step(model, step)
    assert (found.parameter_bytes, found.gradient_bytes) == (4 * (40 + 16), 4 * 16)
    assert found.buffer_bytes == 4 * 16 + 8  # means, variances, and the number of batches


def test_watching_changes_no_bit():
    torch.manual_seed(0)
    model = net()
    twin = net()
    twin.load_state_dict(model.state_dict())
    for one, is_watched in ((model, True), (twin, False)):
        optimiser = torch.optim.SGD(one.parameters(), lr=0.1)
        torch.manual_seed(1)
        if is_watched:
            memory_kinds.of_step(one, lambda one=one, optimiser=optimiser: trained(one, optimiser))
        else:
            trained(one, optimiser)
    assert all(torch.equal(*pair) for pair in zip(model.parameters(), twin.parameters(), strict=True))
