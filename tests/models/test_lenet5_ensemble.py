"""Five nets in one model: each learns as it would alone, and what they say is averaged."""

import pytest
import torch

from dlbench.data.dataset import Dataset, Examples
from dlbench.models.lenet5 import lenet5
from dlbench.models.lenet5_ensemble import lenet5_ensemble
from dlbench.scores.classification_error import classification_error
from dlbench.scores.ensemble_error import ensemble_error
from dlbench.training.sgd import sgd


@pytest.fixture
def data() -> Dataset:
    torch.manual_seed(0)
    examples = Examples(torch.randn(40, 1, 32, 32), torch.arange(40) % 10)
    return Dataset(examples, None, tuple("0123456789"), torch.tensor(0.0), torch.tensor(1.0))


def test_each_member_learns_what_it_would_alone(data: Dataset) -> None:
    torch.manual_seed(1)
    together = lenet5_ensemble(members=2)
    torch.manual_seed(1)
    alone = [lenet5() for _ in range(2)]
    for model in (together, *alone):
        for _ in sgd(model, data, torch.Generator().manual_seed(0), lr=0.05, momentum=0.9, batch_size=8, steps=4):
            pass
    for member, other in zip(together.members, alone, strict=True):
        for one, two in zip(member.parameters(), other.parameters(), strict=True):
            torch.testing.assert_close(one, two, rtol=1e-4, atol=1e-6)


def test_it_says_the_mean_of_the_members_probabilities(data: Dataset) -> None:
    ensemble = lenet5_ensemble(members=3).eval()
    expected = torch.stack([member(data.train.inputs).softmax(1) for member in ensemble.members]).mean(0)
    torch.testing.assert_close(ensemble(data.train.inputs).exp(), expected)


def test_its_score_stands_beside_those_of_its_members(data: Dataset) -> None:
    ensemble = lenet5_ensemble(members=3)
    scores = ensemble_error(ensemble, data, data.train)
    members = [classification_error(member, data, data.train) for member in ensemble.members]
    errors = [member["error_percent"] for member in members]
    assert scores["member_error_percent"] == pytest.approx(sum(errors) / 3)
    assert scores["best_member_error_percent"] == min(errors)
    assert scores["loss"] < scores["member_loss"] == pytest.approx(sum(member["loss"] for member in members) / 3)
    with pytest.raises(ValueError, match="no members"):
        ensemble_error(lenet5(), data, data.train)
