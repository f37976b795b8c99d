"""Timing files -> what the memory of each thing that was timed is taken for."""

from __future__ import annotations

import pandas as pd

from dlbench.records.timing_files import KINDS
from dlbench.report.table import Table
from dlbench.report.timing import KEYS, SETTINGS

HOW = (
    "Memory by kind, of a single step by torch's hooks. Gradients: of backward(). Optimizer: the state of torch's "
    "optimisers, counters of steps included. Activations: the most that autograd holds at once for the backward pass, "
    "the batch and converted weights included. Not here: temporary results, data, libraries; the peak above has them."
)
LARGEST = "Largest batch size: the largest power of two that fits, by --batch-size auto; it said how that is known."


def tables(timings: pd.DataFrame) -> list[Table]:
    """A table for each machine; none of files that do not say.

    timings: raw, as `dlbench.records.timing_files.load` gives them.
    """
    known = timings[timings["parameter_bytes"].notna()]
    return [_table(part) for _, part in known.groupby("fingerprint", sort=False)]


def _table(timings: pd.DataFrame) -> Table:
    telling = [name for name in KEYS if name not in SETTINGS or timings[name].nunique() > 1]
    columns = [*telling, *KINDS, "largest_batch_size"]
    firsts = timings.drop_duplicates(["recipe_digest", *KEYS]).astype(object)
    rows = [{column: _whole(row[column]) for column in columns} for row in firsts.to_dict("records")]
    notes = [HOW, *([LARGEST] if timings["largest_batch_size"].notna().any() else [])]
    return Table.of(f"Memory by kind on {timings['machine'].iloc[0]}", rows, notes, KEYS)


def _whole(value: object) -> object:
    """A frame makes floats of whole numbers where some are missing."""
    return int(value) if isinstance(value, float) and value.is_integer() else value
