"""Pictures in a run file: what comes back is what went in, to a 255th."""

import json

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from dlbench.records import pixels

shapes = st.lists(st.integers(1, 5), max_size=4)


@given(st.dictionaries(st.text(max_size=5), shapes, max_size=3), st.integers(0, 2**31))
def test_what_is_written_is_read(wanted, seed):
    generator = torch.Generator().manual_seed(seed)
    pictures = {name: torch.rand(shape, generator=generator) for name, shape in wanted.items()}
    found = pixels.read(json.loads(json.dumps(pixels.written(pictures))))
    assert found.keys() == pictures.keys()
    for name, picture in pictures.items():
        assert found[name].shape == picture.shape
        np.testing.assert_allclose(found[name], picture, atol=0.5 / 255 + 1e-6)


def test_what_lies_beyond_is_cut_off():
    found = pixels.read(pixels.written({"p": torch.tensor([-3.0, 0.5, 7.0])}))
    np.testing.assert_allclose(found["p"], [0, 0.5, 1], atol=1 / 255)


def test_too_much_is_no_picture():
    with pytest.raises(ValueError, match="show fewer"):
        pixels.written({"p": torch.zeros(pixels.MOST_BYTES + 1)})
