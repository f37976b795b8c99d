"""The rejection rule by hand: five examples whose gaps and mistakes are known."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn

from dlbench.data.dataset import Dataset, Examples
from dlbench.errors import InputError
from dlbench.scores.rejection import confidence, errors_left, rejected_percent, rejection

OUTPUTS = torch.tensor([[0.9, 0.1, 0.0], [0.6, 0.5, 0.0], [0.2, 0.3, 0.0], [0.0, 0.1, 0.8], [0.5, 0.1, 0.0]])
TARGETS = torch.tensor([0, 1, 1, 2, 1])  # wrong: the second (gap 0.1) and the last (gap 0.4)


def data(outputs: Tensor, targets: Tensor) -> Dataset:
    examples = Examples(outputs, targets)
    return Dataset(examples, None, ("a", "b", "c"), shift=torch.tensor(0.0), scale=torch.tensor(1.0))


def test_the_confidence_is_the_gap_between_the_two_largest() -> None:
    torch.testing.assert_close(confidence(OUTPUTS), torch.tensor([0.8, 0.1, 0.1, 0.7, 0.4]))


def test_errors_are_counted_among_the_accepted() -> None:
    gaps = torch.tensor([0.8, 0.1, 0.12, 0.7, 0.4])
    left = errors_left(gaps, OUTPUTS.argmax(1) != TARGETS)
    assert left.tolist() == pytest.approx([40, 25, 100 / 3, 0, 0])
    assert rejected_percent(left, 1.0) == 60.0
    assert rejected_percent(left, 30.0) == 20.0, "the smallest share, though more refused would do worse"


def test_none_is_rejected_of_what_is_right_and_all_of_what_is_wrong() -> None:
    gaps = torch.rand(50)
    assert rejected_percent(errors_left(gaps, torch.zeros(50, dtype=torch.bool)), 1.0) == 0.0
    assert rejected_percent(errors_left(gaps, torch.ones(50, dtype=torch.bool)), 1.0) == 100.0


def test_one_mistake_in_a_hundred_is_one_per_cent() -> None:
    wrong = torch.zeros(100, dtype=torch.bool)
    wrong[3] = True
    assert rejected_percent(errors_left(torch.rand(100), wrong), 1.0) == 0.0


def test_the_score_of_a_model_that_says_its_inputs() -> None:
    found = data(OUTPUTS, TARGETS)
    score = rejection(nn.Identity(), found, found.train, after_rejecting_percent=[20, 60])
    squares = (OUTPUTS - nn.functional.one_hot(TARGETS, 3)).square().mean()
    assert score == pytest.approx({
        "error_percent": 40.0,
        "rejected_percent": 60.0,
        "mean_squared_error": 4 * float(squares),  # outputs and targets span -1 to 1 in the paper
        "rejecting_20_error_percent": score["rejecting_20_error_percent"],
        "rejecting_60_error_percent": 0.0,
    })  # fmt: skip


def test_of_the_last_one_left_there_is_an_error_too() -> None:
    found = data(OUTPUTS, TARGETS)
    assert rejection(nn.Identity(), found, found.train, after_rejecting_percent=[99])["rejecting_99_error_percent"] == 0


def test_it_cannot_reject_everybody() -> None:
    found = data(OUTPUTS, TARGETS)
    with pytest.raises(InputError, match="from 0 to 99"):
        rejection(nn.Identity(), found, found.train, after_rejecting_percent=[100])
