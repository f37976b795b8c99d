from decimal import Decimal

import numpy as np
import pytest
import torch

from dlbench.numbers import NoResult, numbers


@pytest.mark.parametrize(
    "value", [3.5, np.float32(3.5), np.float64(3.5), np.array(3.5), torch.tensor(3.5), torch.tensor(3.5).double()]
)
def test_numbers_of_numpy_and_torch_are_numbers(value):
    given = numbers({"error_percent": value}, "the score s")
    assert given == {"error_percent": 3.5}
    assert type(given["error_percent"]) is float


@pytest.mark.parametrize("value", [3, np.int64(3), np.uint8(3), torch.tensor(3)])
def test_whole_numbers_stay_whole(value):
    assert type(numbers({"count": value}, "the score s")["count"]) is int


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (None, "the score s gives None, not a dictionary"),
        (0.5, "the score s gives 0.5, not a dictionary"),
        ([("a", 1.0)], "not a dictionary"),
        ({"a": True}, "the score s: a is True, which is no number"),
        ({"a": np.bool_(True)}, "which is no number"),
        ({"a": torch.tensor(True)}, "the score s: a is tensor(True), which is no number"),
        ({"a": "3.5"}, "the score s: a is '3.5', which is no number"),
        ({"a": None}, "the score s: a is None, which is no number"),
        ({"a": torch.ones(2)}, "which is no number"),
        ({"a": [1.0]}, "which is no number"),
        ({"a": 1j}, "which is no number"),
        ({"a": Decimal(1)}, "which is no number"),
        ({"a": 2**63}, "more than 63 bits"),
        ({1: 2.0}, "gives a number the name 1, which is no printable text"),
        ({"a\x1b": 2.0}, "no printable text"),
    ],
)
def test_what_no_run_can_keep_is_named_in_one_line(given, said):
    with pytest.raises(NoResult) as caught:
        numbers(given, "the score s")
    assert said in str(caught.value)
    assert str(caught.value).isprintable()
