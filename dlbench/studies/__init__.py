"""What a study shows: one file a study, `degradation.py` for `recipes/studies/degradation.yaml`.

Such a file has `tables(runs) -> list[Table]`, unless the usual table will do, and `figure(runs) -> Figure`, unless
there is nothing to draw. A study without such a file gets `dlbench.report.usual`.
"""

from __future__ import annotations

import importlib
from types import ModuleType
from typing import TYPE_CHECKING

from dlbench.spec import catalog

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from dlbench.records.groups import Runs
    from dlbench.report.table import Table
    from dlbench.spec.study import Study


def tables(study: Study, runs: Runs) -> list[Table]:
    """The tables of the study; none without runs of its recipes."""
    from dlbench.report import usual

    own = _own(study, runs)
    if not len(own.frame):
        return []
    make = getattr(_module(study), "tables", usual.tables)
    made: list[Table] = make(own)
    return made


def has_figure(study: Study) -> bool:
    """Whether the study draws one."""
    return hasattr(_module(study), "figure")


def figure(study: Study, runs: Runs) -> Figure:
    """The study's figure, of one budget and one device; says which recipes have only runs that cannot stand in it."""
    from dlbench.report.panels import style

    shown = drawn(study, runs)
    made: Figure = _module(study).figure(shown)
    kinds = {(group.budget, group.device) for group in shown.groups}
    alike = {group.recipe for group in _own(study, runs).groups if (group.budget, group.device) in kinds}
    style.left_out(made, sorted(alike - {group.recipe for group in shown.groups}))
    return made


def drawn(study: Study, runs: Runs) -> Runs:
    """Of the study's runs those that its figure shows."""
    return _own(study, runs).of_one_kind()


def _module(study: Study) -> ModuleType:
    return importlib.import_module(f"dlbench.studies.{study.shows}" if study.shows else "dlbench.report.usual")


def _own(study: Study, runs: Runs) -> Runs:
    return runs.of([catalog.name(reference) for reference in study.recipes])
