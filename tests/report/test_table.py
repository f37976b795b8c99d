"""Cells say where they come from, and numbers are written with the digits they deserve."""

import math
import re

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dlbench.records.groups import Quoted
from dlbench.report.table import Table, missing, sources
from dlbench.stats.estimates import Estimate, Measure
from dlbench.stats.numerals import fixed, number


@pytest.mark.parametrize(
    ("measure", "written"),
    [
        (Measure(9.1, 0.2, 5), "9.1 ± 0.2 (n=5)"),
        (Measure(9.1, math.nan, 1), "9.10 (n=1)"),
        (Measure(6.612, 0.158, 5), "6.61 ± 0.16 (n=5)"),
        (Measure(0.954, 0.031, 3), "0.95 ± 0.03 (n=3)"),
        (Measure(76.93, 2.34, 3), "76.9 ± 2.3 (n=3)"),
        (Measure(55.3217, math.nan, 1), "55.3 (n=1)"),
        (Measure(100.0, 0.0, 4), "100 ± 0 (n=4)"),
        (Measure(20.0, 4e-15, 3), "20 ± 0 (n=3)"),
        (Measure(12345.6, 320.4, 3), "12,346 ± 320 (n=3)"),
        (Measure(0.97, 0.0999, 3), "0.97 ± 0.10 (n=3)"),
        (Measure.of([3000.0, 3000.0, 2964.0], 2), "≥ 2988 (2 of 3 never)"),
        (Measure.of([30.0, 30.5], 2), "≥ 30.2 (2 of 2 never)"),
    ],
)
def test_a_measure_formats_itself(measure: Measure, written: str) -> None:
    assert str(measure) == written


def test_a_measure_of_a_sample() -> None:
    assert Measure.of([8.9, 9.1, 9.3]) == Measure(pytest.approx(9.1), pytest.approx(0.2), 3)
    assert math.isnan(Measure.of([9.1]).sd)


@settings(deadline=None)
@given(st.floats(0.001, 999), st.floats(0.001, 99), st.integers(2, 99))
def test_a_written_measure_is_within_a_unit_of_its_last_digit(mean: float, sd: float, n: int) -> None:
    match = re.fullmatch(r"([\d.]+) ± ([\d.]+) \(n=(\d+)\)", str(Measure(mean, sd, n)))
    assert match is not None
    last = 10.0 ** -len(match[1].partition(".")[2])
    assert abs(float(match[1]) - mean) <= 0.5001 * last
    assert abs(float(match[2]) - sd) <= 0.5001 * last
    assert sd < 100 * last or last == 0.1, "the deviation must keep its leading digit and no more than one beside it"
    assert int(match[3]) == n


def test_years_have_no_comma_and_parameters_have() -> None:
    assert number(1994) == "1994"
    assert number(269722) == "269,722"
    assert fixed(-3.04, 1, signed=True) == "-3.0"
    assert number(512.34) == "512"


@pytest.mark.parametrize(
    ("value", "written"),
    [(0.05, "0.05"), (0.0123, "0.0123"), (0.00123, "0.00123"), (2.5e-4, "0.00025"), (5e-5, "5e-05"), (0.0, "0")],
)
def test_a_small_number_keeps_its_digits(value: float, written: str) -> None:
    assert number(value) == written


def test_quoted_and_measured_never_share_a_column() -> None:
    with pytest.raises(ValueError, match="quoted figure under 'test_error_percent'"):
        Table.of("mixed", [{"test_error_percent": Measure(9, 1, 3)}, {"test_error_percent": Quoted(8.75, "paper")}])
    for cell in (Measure(9, 1, 3), Estimate(9, 8, 10, 3)):
        with pytest.raises(ValueError, match="measured value under 'published_test_error_percent'"):
            Table.of("mixed", [{"published_test_error_percent": cell}])


def test_a_quoted_figure_is_written_as_published() -> None:
    assert str(Quoted(15.3, "lecture")) == "15.3"
    assert str(Quoted(27.0, "lecture")) == "27.0"
    assert str(Quoted(60.0, "reading", ">60")) == ">60"


def test_columns_that_hold_nothing_are_left_out() -> None:
    table = Table.of("t", [{"a": 1, "b": None, "c": math.nan, "d": ""}, {"a": None, "e": 2}], keys=("a", "b"))
    assert list(table.frame.columns) == ["a", "e"]
    assert table.keys == 1
    assert table.frame["a"].iloc[0] == 1
    assert isinstance(table.frame["a"].iloc[0], int), "whole numbers stay whole beside missing ones"


def test_a_table_without_rows_can_be_made() -> None:
    assert Table.of("empty", [], ["nothing"]).frame.empty


def test_missing() -> None:
    assert all(missing(cell) for cell in (None, math.nan, "", pd.NA, pd.NaT))
    assert not any(missing(cell) for cell in (0, 0.0, False, "–", Measure(0, 0, 1)))


def test_sources_are_listed_once() -> None:
    rows = [{"published_a": Quoted(1, "x"), "published_b": Quoted(2, "y")}, {"published_a": Quoted(3, "x")}]
    assert sources(rows) == ["x", "y"]
