"""A table with every kind of cell, and hostile text."""

from __future__ import annotations

import math

import pytest

from dlbench.records.groups import Quoted
from dlbench.report.table import Table
from dlbench.stats.estimates import Estimate, Measure


@pytest.fixture
def table() -> Table:
    """Two rows: measured, quoted, worked out, counted, true or false, and missing."""
    rows = [
        {
            "recipe": "resnet-20", "convolutional": True, "test_error_percent": Measure(9.1, 0.2, 5),
            "published_test_error_percent": Quoted(8.75, "He et al. 2015, Table 6"),
            "gap_percentage_points": Estimate(-3.04, -5.48, -0.52, 3), "parameters": 269722,
            "median_examples_per_second": 512.25,
        },
        {
            "recipe": "my|net_1 & co", "convolutional": False, "test_error_percent": Measure(12.345, math.nan, 1),
            "published_test_error_percent": None, "gap_percentage_points": Estimate(2.0, math.nan, math.nan, 1),
            "parameters": None, "median_examples_per_second": 12345.6,
        },
    ]  # fmt: skip
    return Table.of("Errors", rows, ["Measured here: short budget.", "Quoted: 50 % of it."], keys=("recipe",))
