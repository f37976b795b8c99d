"""A verdict unfolded: what it would have taken, and everything that it rests on, in words and by seed."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import Any, Final

from dlbench.judge.claims import Verdict
from dlbench.report import claims
from dlbench.report.cells import column_texts, heading
from dlbench.report.notes import files, machines
from dlbench.report.table import PUBLISHED, missing
from dlbench.spec.claim import Claim, Quantity
from dlbench.stats.estimates import Estimate, Measure
from dlbench.stats.numerals import number
from dlbench.stats.significance import ALPHA, FEWEST_DRAWS

WHOSE: Final = {"paper": "claim of a paper", "lecture": "claim of the lecture", "ours": "question of ours"}
ASKS: Final = {
    "greater": "{of} − {than} > {by}",
    "less": "{than} − {of} > {by}",
    "ratio_at_least": "{of} ÷ {than} ≥ {by}",
    "ratio_at_most": "{of} ÷ {than} ≤ {by}",
    "within": "|{of} − {than}| ≤ {by}",
    "ordinary": "{than} could be one more run of {of}",
}


def kind(claim: Claim) -> str:
    """What sort of sentence it is: whose claim, a question of ours, or a check."""
    return "check" if claim.kind == "check" else WHOSE[claim.whose]


def asks(claim: Claim) -> str:
    """The inequality that the sentence stands for."""
    return ASKS[claim.relation].format(of=_side(claim.of), than=_side(claim.than), by=number(claim.by))


def refuted_by(claim: Claim) -> str:
    """What would refute it, or has."""
    if claim.kind == "check":
        return "a fault in the code"
    if claim.relation == "ordinary":
        return f"a rank of that run outside the middle 95 % of ours, which takes {FEWEST_DRAWS} runs"
    if claim.each:
        return "one run in which it is not so; of a single run, the 95 % interval of its test set on the other side"
    return "a 95 % interval over seeds that lies wholly on the other side"


def facts(verdict: Verdict) -> Iterator[tuple[str, str, str]]:
    """What is known of it: heading, text, and whether that is `measured`, `quoted` or neither."""
    claim = verdict.claim
    yield "asks", asks(claim), ""
    yield "refuted by", refuted_by(claim), ""
    if claim.source:
        yield "source", claim.source, ""
    cells = {name: cell for name, cell in claims.row(verdict).items() if not missing(cell)}
    for name in ("study", "claim", "verdict", "metric"):
        cells.pop(name, None)
    for name, cell in cells.items():
        yield heading(name), column_texts(name, [cell])[0], _origin(name, cell)
    if verdict.is_test:
        corrected = f"{verdict.p:.2g} alone, {verdict.corrected_p:.2g} after Holm's correction (of {ALPHA:g})"
        yield "p", corrected, ""
    if claim.control:
        yield "control", claim.control, ""
    if claim.note:
        yield "note", claim.note, ""
    if verdict.runs:
        yield "machines", "; ".join(dict.fromkeys(name for group in verdict.runs for name in machines(group.runs))), ""
        yield from (("runs", note, "") for note in files(verdict.runs))


def by_seed(verdict: Verdict) -> tuple[Sequence[str], list[list[float]]]:
    """Headings and rows of its two sides, or one, seed by seed."""
    than = verdict.than if isinstance(verdict.than, Sequence) else None
    sides = [str(verdict.claim.of.recipe), *([_name(verdict.claim)] if than else [])]
    columns = [list(verdict.of), *([list(than)] if than else [])]
    rows = [list(row) for row in zip(verdict.seeds, *columns, strict=True)]
    return ["seed", *sides], [row for row in rows if all(map(math.isfinite, row))]


def _name(claim: Claim) -> str:
    """The other side, by its recipe, or by its metric where the recipe is the same."""
    than = claim.than
    if not isinstance(than, Quantity):
        return ""
    return than.recipe if than.recipe != claim.of.recipe else str(than.metric)


def _side(side: Quantity | float) -> str:
    return f"{side.metric} of {side.recipe}" if isinstance(side, Quantity) else number(side)


def _origin(name: str, cell: Any) -> str:
    if name.startswith(PUBLISHED):
        return "quoted"
    return "measured" if isinstance(cell, Measure | Estimate) else ""
