"""Headings out of column names, text out of cells."""

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dlbench.records.groups import Quoted
from dlbench.report.cells import column_texts, heading, is_numeric, one_line, parts
from dlbench.stats.estimates import Estimate, Measure
from dlbench.stats.numerals import fixed


@pytest.mark.parametrize(
    ("column", "written"),
    [
        ("published_test_error_percent", "published test error %"),
        ("median_examples_per_second", "median examples/s"),
        ("training_seconds", "training (s)"),
        ("published_fp16_tflops", "published fp16 (TFLOP/s)"),
        ("memory_gb_per_second", "memory (GB/s)"),
        ("memory_gib", "memory (GiB)"),
        ("published_power_watts", "published power (W)"),
        ("published_price_usd", "published price ($)"),
        ("published_reading_of_fig6_percent", "published, read off Fig. 6 %"),
        ("plain_gap_percentage_points", "plain gap (points)"),
        ("recipe", "recipe"),
    ],
)
def test_heading(column: str, written: str) -> None:
    assert heading(column) == written


def test_measures_of_one_column_show_the_same_decimals() -> None:
    assert column_texts("x", [Measure(9.1, 0.2, 5), Measure(8.0, 0.03, 3), None]) == [
        "9.10 ± 0.20 (n=5)", "8.00 ± 0.03 (n=3)", "–",
    ]  # fmt: skip


def test_intervals_stand_in_brackets_and_differences_carry_a_sign() -> None:
    cells = [Estimate(21.0, 18.5159, 23.4841, 3), Estimate(2.04, math.nan, math.nan, 1)]
    assert column_texts("gap_percentage_points", cells) == ["+21.0 [+18.5, +23.5] (n=3)", "+2.0 (n=1)"]
    assert column_texts("ratio", [Estimate(0.5336, 0.5126, 0.5556, 1)]) == ["0.534 [0.513, 0.556] (n=1)"]


def test_what_counts_as_a_number() -> None:
    assert is_numeric([Measure(1, 1, 2), None, 3, Quoted(8.75, "s"), 0.5])
    assert not is_numeric([True, False])
    assert not is_numeric(["short", 1])
    assert not is_numeric([None])


def test_parts_of_each_kind_of_cell() -> None:
    assert parts("x", Measure(9.1, math.nan, 1)) == {"x": 9.1, "x_sd": None, "x_n": 1}
    assert parts("x", Measure.of([3.0, 5.0], 1)) == {"x": 4.0, "x_sd": None, "x_n": 2, "x_never": 1}
    assert parts("x", Estimate(3, 2, 4, 5).at_least())["x_bound"] == "≥"
    assert parts("x", Estimate(3, 2, 4, 5).at_least())["x_high"] is None
    assert parts("x", Estimate(1.0, 0.5, 2.0, 3)) == {"x": 1.0, "x_low": 0.5, "x_high": 2.0, "x_n": 3}
    assert parts("x", Quoted(8.75, "paper")) == {"x": 8.75, "x_source": "paper"}
    assert parts("x", math.inf) == {"x": None}


@settings(deadline=None)
@given(st.text())
def test_one_line_leaves_nothing_that_breaks_a_line_or_steers_a_terminal(text: str) -> None:
    assert one_line(text).isprintable()
    assert len(one_line(text).splitlines()) <= 1


@pytest.mark.parametrize(("value", "written"), [(3e-14, "3e-14"), (0.0, "0.0000"), (4e-5, "4e-05"), (6e-5, "0.0001")])
def test_what_is_too_small_for_decimals_is_not_shown_as_zero(value: float, written: str) -> None:
    assert fixed(value, 4) == written
