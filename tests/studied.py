"""What a study makes of frames of runs, as `dlbench report` hands them over."""

import importlib
from collections.abc import Callable

import pandas as pd
from matplotlib.figure import Figure

from dlbench.records.groups import Runs
from dlbench.report import usual
from dlbench.report.table import Table


def tables(name: str) -> Callable[[pd.DataFrame], list[Table]]:
    """The tables of that study, or of `usual`."""
    return lambda runs: getattr(_module(name), "tables", usual.tables)(Runs(runs.reset_index(drop=True)))


def figure(name: str) -> Callable[[pd.DataFrame, pd.DataFrame], Figure]:
    """The figure of that study, of the runs that one picture may show."""
    return lambda runs, curves: _module(name).figure(Runs(runs.reset_index(drop=True), lambda: curves).of_one_kind())


def _module(name: str):
    return importlib.import_module(f"dlbench.report.{name}" if name == "usual" else f"dlbench.studies.{name}")
