"""A document: the claims of several studies, and a chapter for each that has runs; what formats make pages of."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from dlbench.judge.claims import Verdict
from dlbench.records.groups import Runs
from dlbench.report.table import Table

if TYPE_CHECKING:
    from matplotlib.figure import Figure


@dataclass(frozen=True, eq=False)
class Chapter:
    """A study, or recipes side by side.

    name: its study's. names: what commands call it by. question: what the study asks; may be empty. runs: those that
    one picture may show, and None where nothing is to be drawn of them. draw: makes the study's figure, where it has
    one. is_usual: that is the usual one, bars and curves, which a page draws by itself. metric, by: what that begins
    with (`usual.figure`). trends: of measurements by commit, as `dlbench.report.history` makes them.
    """

    title: str
    name: str = "results"
    names: Sequence[str] = ()
    question: str = ""
    source: str = ""
    tables: Sequence[Table] = ()
    runs: Runs | None = None
    draw: Callable[[], Figure] | None = None
    is_usual: bool = False
    metric: str = ""
    by: str = ""
    trends: Sequence[Mapping[str, Any]] = ()


@dataclass(frozen=True, eq=False)
class Document:
    """verdicts: of all its studies, also of those that have no runs, and so no chapter."""

    title: str
    source: str = ""
    verdicts: Sequence[Verdict] = ()
    chapters: Sequence[Chapter] = ()
