"""What needs no download: truth tables as in the study of XOR, and the usual table of the rest."""

from __future__ import annotations

from dlbench.records.groups import Runs
from dlbench.report import usual
from dlbench.report.table import Table
from dlbench.studies import xor


def tables(runs: Runs) -> list[Table]:
    """Truth tables first."""
    return [*xor.tables(runs), *usual.tables(runs)]
