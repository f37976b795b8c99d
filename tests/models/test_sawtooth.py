"""The folded mirror map: exact at dyadic points, 2^k pieces, with the sizes of Telgarsky 2015."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import pytest
import torch

from dlbench.data.alternating_points import alternating_points
from dlbench.models.sawtooth import sawtooth
from dlbench.scores.linear_pieces import linear_pieces, slopes_of

FORMS: list[Literal["deep", "shallow"]] = ["deep", "shallow"]


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("k", [1, 2, 3, 7])
def test_two_to_the_k_pieces_half_as_many_peaks_and_every_point_right(k: int, form: Literal["deep", "shallow"]) -> None:
    data = alternating_points(Path(), k=k)
    found = linear_pieces(sawtooth(k=k, form=form), data, data.train)
    assert found == {"pieces": 2.0**k, "peaks": 2.0 ** (k - 1), "right": 2.0**k, "error_percent": 0.0}


def test_slopes_are_plus_and_minus_two_to_the_k_by_turns() -> None:
    slopes = slopes_of(sawtooth(k=5).double())
    assert slopes.tolist() == [32.0 * (-1) ** piece for piece in range(32)]


@pytest.mark.parametrize("form", FORMS)
def test_it_is_the_mirror_map_seven_times_over(form: Literal["deep", "shallow"]) -> None:
    x = torch.arange(2**9 + 1)[:, None] / 2**9  # exact in binary, and so is everything the net makes of it
    wanted = x
    for _ in range(7):
        wanted = 1 - (2 * wanted - 1).abs()
    assert torch.equal(sawtooth(k=7, form=form)(x), wanted)


@pytest.mark.parametrize("k", [1, 4, 7])
def test_sizes(k: int) -> None:
    """Two units a layer against 2^k in one."""
    assert sum(weights.numel() for weights in sawtooth(k=k).parameters()) == 6 * k + 1
    assert sum(weights.numel() for weights in sawtooth(k=k, form="shallow").parameters()) == 3 * 2**k + 1


def test_no_fold_is_no_net() -> None:
    with pytest.raises(ValueError, match="at least one mirror map"):
        sawtooth(k=0)
