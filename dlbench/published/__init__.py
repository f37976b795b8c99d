"""The literature's tables as CSV files, one a table, each row with its source."""

from __future__ import annotations

from importlib import resources
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd


def table(name: str) -> pd.DataFrame:
    """The published table of that name, one of `names()`; empty cells are NaN. FileNotFoundError for any other."""
    import pandas as pd

    with resources.files(__name__).joinpath(f"{name}.csv").open(encoding="utf-8") as file:
        return pd.read_csv(file)


def names() -> list[str]:
    """What `table` can be asked for."""
    files = resources.files(__name__).iterdir()
    return sorted(file.name.removesuffix(".csv") for file in files if file.name.endswith(".csv"))
