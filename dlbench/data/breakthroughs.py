"""Six breakthroughs of the lecture's table: the year of each, and the years of the data set and algorithm behind it."""

from pathlib import Path
from typing import Literal

import torch

from dlbench import published
from dlbench.data.dataset import Dataset, Examples


def breakthroughs(folder: Path, *, since: Literal["dataset", "algorithm"]) -> Dataset:
    """Return the year the data set became available, or the algorithm was proposed, float32 [6, 1]; nothing to test on.

    To be foretold: the year of the breakthrough, float32 [6, 1]. `folder` is not used; the table comes with dlbench.
    Source: the lecture's table "datasets vs. algorithms".
    """
    table = published.table("datasets_vs_algorithms")
    years = [torch.tensor(table[column].to_numpy("float32"))[:, None] for column in (f"{since}_year", "year")]
    return Dataset(Examples(*years), None, (), shift=torch.tensor(0.0), scale=torch.tensor(1.0))
