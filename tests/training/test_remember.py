"""The nearest neighbours, learnt by heart, against scikit-learn's."""

import numpy as np
import pytest
import torch
from sklearn.datasets import load_digits
from sklearn.neighbors import KNeighborsClassifier
from torch import nn

from dlbench.data.dataset import Dataset, Examples
from dlbench.errors import InputError
from dlbench.models.nearest_neighbours import nearest_neighbours
from dlbench.training.remember import remember


def rows(inputs: list[list[float]], targets: list[int], classes: int) -> Dataset:
    examples = Examples(torch.tensor(inputs), torch.tensor(targets))
    names = tuple(map(str, range(classes)))
    return Dataset(examples, None, names, shift=torch.tensor(0.0), scale=torch.tensor(1.0))


def test_it_answers_as_scikit_learn_does() -> None:
    """With one neighbour there are no ties, of which scikit-learn gives the one to the first class."""
    inputs, targets = load_digits(return_X_y=True)
    pixels = torch.from_numpy(inputs).view(-1, 1, 8, 8).to(torch.uint8)
    train = Examples(pixels[:1000], torch.from_numpy(targets[:1000]))
    data = Dataset(train, None, tuple("0123456789"), shift=torch.tensor(8.0), scale=torch.tensor(0.1))
    for k, agreement in ((1, 1.0), (3, 0.99)):
        model = nearest_neighbours(k=k, inputs=64)
        list(remember(model, data, torch.Generator()))
        ours = model(data.prepare(pixels[1000:])).argmax(1).numpy()
        theirs = KNeighborsClassifier(n_neighbors=k).fit(inputs[:1000], targets[:1000]).predict(inputs[1000:])
        assert np.mean(ours == theirs) >= agreement


def test_the_majority_wins_and_a_tie_is_for_the_nearest() -> None:
    data = rows([[0.0], [1.0], [2.0], [9.0]], [0, 1, 1, 0], 2)
    for k, answer in ((1, 0), (2, 0), (3, 1), (4, 0)):
        model = nearest_neighbours(k=k, inputs=1, classes=2)
        list(remember(model, data, torch.Generator()))
        assert int(model(torch.tensor([[0.1]])).argmax()) == answer


def test_of_fewer_than_k_all_vote() -> None:
    model = nearest_neighbours(k=5, inputs=1, classes=2)
    list(remember(model, rows([[0.0], [1.0], [1.5]], [0, 1, 1], 2), torch.Generator()))
    assert int(model(torch.tensor([[0.0]])).argmax()) == 1


def test_refuses_other_models_and_no_neighbours() -> None:
    with pytest.raises(InputError, match="not Linear"):
        next(remember(nn.Linear(1, 2), rows([[0.0]], [0], 2), torch.Generator()))
    with pytest.raises(InputError, match="k: 0"):
        nearest_neighbours(k=0)
