import pytest
import torch
from sklearn.metrics import confusion_matrix
from torch import nn

from dlbench.data.dataset import Dataset, Examples
from dlbench.scores.error_by_class import error_by_class


class Given(nn.Module):
    """Scores that were worked out before: the input is a row's number."""

    def __init__(self, scores):
        super().__init__()
        self.scores = scores

    def forward(self, rows):
        return self.scores[rows[:, 0].long()]


def problem(count, classes, targets=None):
    generator = torch.Generator().manual_seed(1)
    scores = torch.randn(count, len(classes), generator=generator)
    targets = torch.randint(len(classes), (count,), generator=generator) if targets is None else targets
    examples = Examples(torch.arange(count).float()[:, None], targets)
    return Given(scores), Dataset(examples, None, classes, shift=torch.tensor(0.0), scale=torch.tensor(1.0)), scores


@pytest.mark.parametrize("batch_size", [7, 1000])
def test_each_class_s_error_is_what_scikit_learn_s_matrix_says(batch_size):
    model, data, scores = problem(300, ("cat", "mud turtle", "drumstick"))
    found = error_by_class(model, data, data.train, batch_size=batch_size)
    matrix = confusion_matrix(data.train.targets, scores.argmax(1))
    errors = [100 * (1 - matrix[row, row] / matrix[row].sum()) for row in range(3)]
    by_class = [found[f"{name}_missed_percent"] for name in ("cat", "mud_turtle", "drumstick")]
    assert by_class == pytest.approx(errors)
    assert found["error_percent"] == pytest.approx(100 * (1 - matrix.trace() / 300))
    assert (found["easiest_missed_percent"], found["hardest_missed_percent"]) == (min(by_class), max(by_class))


def test_a_class_without_examples_is_not_named():
    model, data, _ = problem(4, ("cat", "dog"), torch.zeros(4, dtype=torch.int64))
    assert "dog_missed_percent" not in error_by_class(model, data, data.train)


def test_nothing_to_score_is_an_error():
    model, data, _ = problem(0, ("cat", "dog"))
    with pytest.raises(ValueError, match="no examples"):
        error_by_class(model, data, data.train)
