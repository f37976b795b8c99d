"""CSV that any reader takes, with nothing rounded."""

import csv as library
import io
import math

import pandas as pd
from hypothesis import given, settings
from hypothesis import strategies as st

from dlbench.report.cells import one_line
from dlbench.report.formats.csv import tables as csv
from dlbench.report.table import Table
from dlbench.stats.estimates import Measure

numbers = st.floats(allow_nan=False, allow_infinity=False)


def test_mean_deviation_and_n_are_columns_of_their_own(table: Table) -> None:
    frame = pd.read_csv(io.StringIO(csv([table])))
    assert frame.columns.tolist() == [
        "table", "recipe", "convolutional", "test_error_percent", "test_error_percent_sd", "test_error_percent_n",
        "published_test_error_percent", "published_test_error_percent_source", "gap_percentage_points",
        "gap_percentage_points_low",
        "gap_percentage_points_high", "gap_percentage_points_n", "parameters", "median_examples_per_second", "notes",
    ]  # fmt: skip
    assert frame["test_error_percent"].tolist() == [9.1, 12.345]
    assert frame["test_error_percent_sd"].iloc[0] == 0.2
    assert math.isnan(frame["test_error_percent_sd"].iloc[1])
    assert frame["recipe"].iloc[1] == "my|net_1 & co"
    assert frame["notes"].iloc[1] == "Measured here: short budget. Quoted: 50 % of it."


def test_several_tables_make_one_rectangle(table: Table) -> None:
    other = Table.of("Gaps", [{"depths": "56 vs 20"}])
    frame = pd.read_csv(io.StringIO(csv([table, other, Table.of("Empty", [], ["nothing"])])))
    assert frame["table"].tolist() == ["Errors", "Errors", "Gaps", "Empty"]
    assert frame.groupby("table")["depths"].count().to_dict() == {"Empty": 0, "Errors": 0, "Gaps": 1}
    assert frame["notes"].iloc[-1] == "nothing"


@settings(deadline=None)
@given(st.lists(st.tuples(st.text(), numbers, numbers, st.integers(1, 999)), min_size=1, max_size=5), st.text())
def test_text_and_numbers_come_back_as_they_were(rows: list[tuple[str, float, float, int]], title: str) -> None:
    table = Table.of(title, [{"name": name, "x": Measure(mean, sd, n)} for name, mean, sd, n in rows])
    read = list(library.DictReader(io.StringIO(csv([table]), newline="")))
    assert len(csv([table]).splitlines()) == 1 + len(rows)
    found = [
        (line["table"], line.get("name", ""), float(line["x"]), float(line["x_sd"]), int(line["x_n"])) for line in read
    ]
    assert found == [(one_line(title), one_line(name), *row) for name, *row in rows]
