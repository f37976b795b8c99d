"""dlbench: the lecture "Introduction to Deep Learning" as runnable benchmarks.

In a notebook: `dlbench.run("lenet-digits")` runs and returns a pandas frame, `dlbench.load("results")` reads one back,
`dlbench.groups(frame)` tells which of its runs may be averaged.
Importing this package loads neither torch nor pandas.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from dlbench.version import __version__

if TYPE_CHECKING:
    import pandas as pd

    from dlbench.records.groups import Group

__all__ = ["__version__", "groups", "load", "run"]


def run(
    *names: str,
    device: str = "auto",
    seeds: Sequence[int] | None = None,
    budget: str = "short",
    settings: Sequence[str] = (),
    out: str | Path = "results",
    accept: Sequence[str] = (),
) -> pd.DataFrame:
    """Run recipes or studies and return one row for each of their runs, including those that existed before.

    settings: changes such as `"training.lr=0.05"`. accept: changes since a run that do not make it run again: of
    `code`, `data` and `version`. Raises dlbench.errors.InputError for what the user can mend.
    """
    from dlbench.records import store
    from dlbench.trials import plan, runner

    trials = plan.trials(names, device=device, seeds=seeds, budget=budget, settings=settings)
    outcomes = runner.run(trials, Path(out), accepted=accept)
    return store.load(Path(out), [outcome.path for outcome in outcomes])


def load(folder: str | Path = "results") -> pd.DataFrame:
    """One row for each run under `folder`; see `dlbench.records.store.load` for the columns."""
    from dlbench.records import store

    return store.load(Path(folder))


def groups(runs: pd.DataFrame) -> list[Group]:
    """The finished runs in groups that differ in their seed alone, as tables have them: only these may be averaged.

    Each has `variant`, which sets it apart from others of its recipe, `measure(metric)`, and its `runs`.
    """
    from dlbench.records import groups

    return groups.groups(runs)
