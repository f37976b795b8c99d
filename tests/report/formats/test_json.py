"""JSON with raw numbers, that any strict reader loads."""

import json as library
import math
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from dlbench.report.formats.json import tables as json
from dlbench.report.table import Table
from dlbench.stats.estimates import Measure


def strict(text: str) -> Any:
    def refuse(constant: str) -> None:
        raise AssertionError(f"{constant} is not JSON")

    return library.loads(text, parse_constant=refuse)


def test_every_kind_of_cell(table: Table) -> None:
    (found,) = strict(json([table]))
    assert found["title"] == "Errors"
    assert found["notes"] == ["Measured here: short budget.", "Quoted: 50 % of it."]
    assert found["columns"] == list(table.frame.columns)
    assert found["rows"][0] == {
        "recipe": "resnet-20",
        "convolutional": True,
        "test_error_percent": {"mean": 9.1, "sd": 0.2, "n": 5},
        "published_test_error_percent": {"value": 8.75, "source": "He et al. 2015, Table 6"},
        "gap_percentage_points": {"value": -3.04, "low": -5.48, "high": -0.52, "n": 3},
        "parameters": 269722,
        "median_examples_per_second": 512.25,
    }
    assert found["rows"][1]["test_error_percent"] == {"mean": 12.345, "sd": None, "n": 1}
    assert found["rows"][1]["parameters"] is None


cells = st.none() | st.booleans() | st.integers() | st.floats() | st.text()
anything = cells | st.builds(Measure, st.floats(), st.floats(), st.integers(1, 9))


@settings(deadline=None)
@given(
    st.lists(st.dictionaries(st.text(min_size=1), anything, min_size=1, max_size=4), min_size=1, max_size=4), st.text()
)
def test_any_table_loads(rows: list[dict[str, Any]], title: str) -> None:
    rows = [{f"m_{column}": cell for column, cell in row.items()} for row in rows]
    table = Table.of(title, rows)
    (found,) = strict(json([table]))
    assert found["title"] == title
    assert len(found["rows"]) == (len(rows) if len(table.frame.columns) else len(table.frame))
    for read, row in zip(found["rows"], rows, strict=False):
        for column, cell in row.items():
            if isinstance(cell, float) and math.isfinite(cell):
                assert read[column] == cell
