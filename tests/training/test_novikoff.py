"""Novikoff's bound against figures worked out by hand, a linear programme, and counts from the literature."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
import torch
from scipy.optimize import linprog
from torch import Tensor

from dlbench.training.novikoff import novikoff_bound


def corners(dimensions: int) -> Tensor:
    return torch.tensor(list(itertools.product((0.0, 1.0), repeat=dimensions)))


def separable_by_linear_programme(inputs: Tensor, targets: Tensor) -> bool:
    """Whether some w and b have y (w.x + b) >= 1 everywhere: feasibility alone, by another algorithm."""
    signed = np.column_stack([inputs.numpy(), np.ones(len(inputs))]) * (2.0 * targets.numpy()[:, None] - 1.0)
    found = linprog(np.zeros(signed.shape[1]), A_ub=-signed, b_ub=-np.ones(len(signed)), bounds=(None, None))
    return bool(found.status == 0)


@pytest.mark.parametrize(
    ("targets", "bound"),
    [
        # The shortest w with y w.x >= 1 on (x1, x2, 1), times R^2 = 3 of the corner (1, 1, 1).
        pytest.param([0, 0, 0, 1], 3 * (2**2 + 2**2 + 3**2), id="AND: w = (2, 2, -3)"),
        pytest.param([0, 1, 1, 1], 3 * (2**2 + 2**2 + 1**2), id="OR: w = (2, 2, -1)"),
        pytest.param([1, 1, 1, 1], 3 * 1, id="always true: w = (0, 0, 1)"),
    ],
)
def test_known_bounds_of_two_inputs(targets: list[int], bound: float) -> None:
    assert novikoff_bound(corners(2), torch.tensor(targets)) == pytest.approx(bound, rel=1e-8)


def test_known_bound_of_not() -> None:
    assert novikoff_bound(corners(1), torch.tensor([1, 0])) == pytest.approx(2 * (2**2 + 1**2), rel=1e-8)


def test_one_example_is_learnt_by_one_mistake() -> None:
    bound = novikoff_bound(torch.tensor([[2.0]]), torch.tensor([1]))
    assert bound is not None
    assert 1.0 <= bound < 1.0 + 1e-6  # never below one: the mistake happens


@pytest.mark.parametrize(("inputs", "separable"), [(2, 14), (3, 104)])
def test_number_of_separable_boolean_functions(inputs: int, separable: int) -> None:
    """14 of 16 and 104 of 256 Boolean functions are linearly separable (OEIS A000609)."""
    rows = corners(inputs)
    functions = [torch.tensor(f) for f in itertools.product((0, 1), repeat=2**inputs)]
    found = [novikoff_bound(rows, f) is not None for f in functions]
    assert sum(found) == separable
    assert found == [separable_by_linear_programme(rows, f) for f in functions]


def test_xor_no_plane_gets_more_than_three_rows() -> None:
    """Minsky and Papert 1969: no unit gets all four rows; whichever is left out, some unit gets the rest."""
    rows, xor = corners(2), torch.tensor([0, 1, 1, 0])
    assert novikoff_bound(rows, xor) is None
    for left_out in range(4):
        kept = torch.tensor([i for i in range(4) if i != left_out])
        assert novikoff_bound(rows[kept], xor[kept]) is not None


def test_half_of_all_classings_are_separable_at_twice_the_weights() -> None:
    """Cover 1965: N points in general position with d weights (bias included) and N = 2d: exactly one half."""
    generator = torch.Generator().manual_seed(0)
    inputs, draws = 3, 600
    points = 2 * (inputs + 1)
    separable = sum(
        novikoff_bound(
            torch.randn(points, inputs, generator=generator), torch.randint(2, (points,), generator=generator)
        )
        is not None
        for _ in range(draws)
    )
    assert separable == pytest.approx(draws / 2, abs=5 * (draws / 4) ** 0.5)


def test_the_same_point_in_both_classes_has_no_bound() -> None:
    assert novikoff_bound(torch.tensor([[1.0, 2.0], [1.0, 2.0]]), torch.tensor([0, 1])) is None


def test_a_thin_margin_is_still_seen() -> None:
    # The constraints on (w, b) are w * 0 + b <= -1 and w * t + b >= 1: b = -1, w = 2 / t.
    t = 1e-3
    bound = novikoff_bound(torch.tensor([[0.0], [t]], dtype=torch.float64), torch.tensor([0, 1]))
    assert bound == pytest.approx((1 + t**2) * (1 + 4 / t**2), rel=1e-6)
