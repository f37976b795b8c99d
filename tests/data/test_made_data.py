"""Data sets that need no files: bundled, computed, random."""

import itertools
from pathlib import Path

import pytest
import torch
from sklearn.datasets import load_digits

from dlbench.data.digits import digits
from dlbench.data.synthetic import synthetic
from dlbench.data.truth_table import FUNCTIONS, truth_table
from dlbench.errors import InputError

NOWHERE = Path("/nowhere")


def test_digits_are_split_for_good_and_evenly() -> None:
    data = digits(NOWHERE)
    assert data.test is not None
    assert (len(data.train), len(data.test)) == (1297, 500)
    assert torch.bincount(data.test.targets).tolist() == [50] * 10
    assert torch.bincount(data.train.targets).tolist() == [128, 132, 127, 133, 131, 132, 131, 129, 124, 130]
    assert digits(NOWHERE).digest == data.digest


def test_the_held_out_digits_are_the_last_of_their_class() -> None:
    data = digits(NOWHERE, size=8)
    images, targets = load_digits(return_X_y=True)
    assert data.test is not None
    for digit in range(10):
        expected = torch.from_numpy(images[targets == digit]).float() * (255 / 16)
        both = torch.cat([part.inputs[part.targets == digit] for part in (data.train, data.test)])
        torch.testing.assert_close(both.flatten(1).float(), expected, rtol=0, atol=0.51)


def test_shifted_digits_move_within_their_background() -> None:
    data = digits(NOWHERE, augment="shift")
    assert data.augment is not None
    prepared = data.prepare(data.train.inputs)
    moved = data.augment(prepared, torch.Generator().manual_seed(0))
    assert moved.is_contiguous(memory_format=torch.channels_last)
    torch.testing.assert_close(moved.min(), torch.tensor(-0.1))
    same = (moved == prepared).flatten(1).all(1).float().mean()
    assert abs(same - 1 / 25) < 0.02, "each of the 5x5 places is equally likely"
    best = (prepared[:, :, 2:-2, 2:-2] + 0.1).sum((1, 2, 3))
    assert ((moved + 0.1).sum((1, 2, 3)) >= best - 1e-3).all(), "no ink is lost but at the border"


def test_enlarging_keeps_the_ink_where_it_was() -> None:
    small, large = (digits(NOWHERE, size=size).train.inputs.float() for size in (8, 32))
    shrunk = torch.nn.functional.avg_pool2d(large, 4)
    moved = torch.nn.functional.avg_pool2d(large.roll(4, 3), 4)
    assert large.shape[1:] == (1, 32, 32)
    correlation = [torch.corrcoef(torch.stack([small.flatten(), other.flatten()]))[0, 1] for other in (shrunk, moved)]
    assert correlation[0] > 0.97
    assert correlation[1] < 0.7


@pytest.mark.parametrize("size", [8, 32])
def test_digits_in_lecuns_range_and_channels_last(size) -> None:
    data = digits(NOWHERE, size=size, train_examples=100, test_examples=10)
    prepared = data.prepare(data.train.inputs)
    torch.testing.assert_close(prepared.min(), torch.tensor(-0.1))
    assert 1.0 < prepared.max() <= 1.175 + 1e-6
    assert prepared.stride() == (size * size, 1, size, 1)


@pytest.mark.parametrize(
    ("function", "inputs", "expected"),
    [
        ("and", 2, [0, 0, 0, 1]),
        ("or", 2, [0, 1, 1, 1]),
        ("not", None, [1, 0]),
        ("nand", None, [1, 1, 1, 0]),
        ("nor", None, [1, 0, 0, 0]),
        ("xor", None, [0, 1, 1, 0]),
        ("xnor", None, [1, 0, 0, 1]),
        ("and", 3, [0, 0, 0, 0, 0, 0, 0, 1]),
        ("xor", 3, [0, 1, 1, 0, 1, 0, 0, 1]),
    ],
)
def test_truth_tables(function, inputs: int | None, expected: list[int]) -> None:
    data = truth_table(NOWHERE, function=function, inputs=inputs)
    width = data.shape[0]
    assert data.train.inputs.tolist() == [list(map(float, row)) for row in itertools.product((0, 1), repeat=width)]
    assert data.train.inputs.dtype == torch.float32
    assert data.train.targets.dtype == torch.int64
    assert data.train.targets.tolist() == expected
    assert data.test is None
    assert data.classes == ("false", "true")
    assert torch.equal(data.prepare(data.train.inputs), data.train.inputs)


def test_any_change_of_an_input_changes_parity() -> None:
    table = truth_table(NOWHERE, function="xor", inputs=6).train
    values = table.targets.view((2,) * 6)
    for axis in range(6):
        assert torch.equal(values.flip(axis), 1 - values)


@pytest.mark.parametrize(("function", "inputs"), [("not", 2), ("and", 1), ("xor", 17), ("or", 0), ("or", -3)])
def test_a_wrong_number_of_inputs(function, inputs: int) -> None:
    with pytest.raises(InputError, match=rf"^inputs: {inputs}: '{function}' takes"):
        truth_table(NOWHERE, function=function, inputs=inputs)


def test_functions_offered_are_functions_known() -> None:
    import typing

    offered = typing.get_type_hints(truth_table)["function"]
    assert set(typing.get_args(offered)) == set(FUNCTIONS)


def test_synthetic_images_are_the_same_for_everybody() -> None:
    data = synthetic(NOWHERE, shape=[3, 64, 48], classes=7, train_examples=60, test_examples=20)
    again = synthetic(NOWHERE, shape=[3, 64, 48], classes=7, train_examples=60, test_examples=20)
    assert data.digest == again.digest
    assert data.shape == (3, 64, 48)
    assert data.test is not None
    assert len(data.test) == 20
    assert set(data.train.targets.tolist()) == set(range(7))
    assert len(data.classes) == 7
    prepared = data.prepare(data.train.inputs)
    assert abs(prepared.mean()) < 0.01
    assert abs(prepared.std() - 1) < 0.01


@pytest.mark.parametrize(
    "options", [{"shape": [3, 32]}, {"shape": [3, 0, 32]}, {"classes": 0}, {"train_examples": 0}, {"test_examples": -1}]
)
def test_impossible_images(options) -> None:
    with pytest.raises(InputError, match=f"^{next(iter(options))}: "):
        synthetic(NOWHERE, **options)
