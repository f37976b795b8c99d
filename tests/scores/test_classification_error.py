"""Error rates and cross-entropy against scikit-learn, and what must not change them."""

from __future__ import annotations

import pytest
import torch
from sklearn.metrics import accuracy_score, log_loss, top_k_accuracy_score
from torch import Tensor, nn

from dlbench.data.dataset import Dataset, Examples
from dlbench.scores.classification_error import classification_error


class Given(nn.Module):
    """Scores that were worked out before: the input is a row's number."""

    def __init__(self, scores: Tensor) -> None:
        super().__init__()
        self.scores = scores

    def forward(self, rows: Tensor) -> Tensor:
        return self.scores[rows[:, 0].long()]


def dataset(inputs: Tensor, targets: Tensor, classes: int) -> Dataset:
    names = tuple(map(str, range(classes)))
    return Dataset(Examples(inputs, targets), None, names, shift=torch.tensor(0.0), scale=torch.tensor(1.0))


def random_problem(count: int, classes: int) -> tuple[nn.Module, Dataset, Tensor]:
    generator = torch.Generator().manual_seed(classes)
    scores = torch.randn(count, classes, generator=generator)
    targets = torch.randint(classes, (count,), generator=generator)
    return Given(scores), dataset(torch.arange(count).float()[:, None], targets, classes), scores


@pytest.mark.parametrize(("count", "classes", "batch_size"), [(57, 10, 10), (100, 10, 100), (23, 6, 1), (40, 100, 7)])
def test_agrees_with_scikit_learn(count: int, classes: int, batch_size: int) -> None:
    model, data, scores = random_problem(count, classes)
    targets, labels = data.train.targets.numpy(), range(classes)
    found = classification_error(model, data, data.train, batch_size=batch_size)
    assert found["error_percent"] == pytest.approx(100 * (1 - accuracy_score(targets, scores.argmax(1))))
    top5 = top_k_accuracy_score(targets, scores.numpy(), k=5, labels=labels)
    assert found["top5_error_percent"] == pytest.approx(100 * (1 - top5))
    assert found["loss"] == pytest.approx(log_loss(targets, scores.softmax(1).numpy(), labels=labels), rel=1e-5)


def test_percentages_are_exact() -> None:
    """3 wrong of 7 is 300/7 %, to the last digit: counted, not averaged in float32."""
    targets = torch.zeros(7, dtype=torch.int64)
    scores = torch.eye(10)[torch.tensor([0, 0, 0, 0, 1, 2, 3])]
    data = dataset(torch.arange(7).float()[:, None], targets, 10)
    assert classification_error(Given(scores), data, data.train)["error_percent"] == 300 / 7


@pytest.mark.parametrize(("classes", "reported"), [(2, False), (5, False), (6, True), (10, True)])
def test_top5_only_where_it_says_something(classes: int, reported: bool) -> None:
    model, data, _ = random_problem(20, classes)
    assert ("top5_error_percent" in classification_error(model, data, data.train)) == reported


def test_inputs_are_prepared_and_keep_their_memory_format() -> None:
    seen: list[Tensor] = []

    class Spy(nn.Module):
        def forward(self, images: Tensor) -> Tensor:
            seen.append(images)
            return torch.zeros(len(images), 10)

    images = torch.randint(256, (12, 3, 8, 8), dtype=torch.uint8).contiguous(memory_format=torch.channels_last)
    names = tuple("abcdefghij")
    data = Dataset(
        Examples(images, torch.zeros(12, dtype=torch.int64)), None, names, torch.tensor(10.0), torch.tensor(0.5)
    )
    classification_error(Spy(), data, data.train, batch_size=5)
    assert [len(batch) for batch in seen] == [5, 5, 2]
    assert torch.equal(torch.cat(seen), (images.float() - 10.0) * 0.5)
    assert all(batch.is_contiguous(memory_format=torch.channels_last) for batch in seen)


def test_is_taken_in_eval_mode_and_leaves_the_model_as_it_was() -> None:
    model = nn.Sequential(nn.BatchNorm1d(4), nn.Dropout(0.9), nn.Linear(4, 10))
    data = dataset(torch.randn(50, 4), torch.randint(10, (50,)), 10)
    before = {name: value.clone() for name, value in model.state_dict().items()}
    first, second = (classification_error(model, data, data.train, batch_size=50) for _ in range(2))
    assert first == second  # dropout off
    assert all(torch.equal(before[name], value) for name, value in model.state_dict().items())  # statistics untouched
    assert all(module.training for module in model.modules())


def test_batch_size_changes_nothing() -> None:
    model, data, _ = random_problem(101, 10)
    one, other = (classification_error(model, data, data.train, batch_size=size) for size in (1, 1000))
    assert one["error_percent"] == other["error_percent"]
    assert one["top5_error_percent"] == other["top5_error_percent"]
    assert one["loss"] == pytest.approx(other["loss"], rel=1e-5)


def test_nothing_to_score() -> None:
    data = dataset(torch.zeros(0, 1), torch.zeros(0, dtype=torch.int64), 10)
    with pytest.raises(ValueError, match="no examples"):
        classification_error(nn.Linear(1, 10), data, data.train)
