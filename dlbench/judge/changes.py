"""Two sides -> a row for each recipe and metric: what each measured, how far apart they are, and the verdict."""

from __future__ import annotations

import itertools
import math
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final, Literal, get_args

from dlbench.judge import limits, metrics
from dlbench.judge.history import Past
from dlbench.judge.limits import Limit
from dlbench.judge.metrics import BIGGER, BY_LAPS, NEITHER, Metric
from dlbench.judge.series import (
    LOOKED_PAST,
    Attempt,
    Mismatch,
    Subject,
    labels,
    mismatches,
    obstacles,
    pairs,
    subjects,
)
from dlbench.records import grouping
from dlbench.stats import difference, estimates, turns
from dlbench.stats.difference import MARGIN, PRACTICAL, Difference

if TYPE_CHECKING:
    import pandas as pd

Verdict = Literal[  # what needs looking at first
    "failed", "slower", "worse", "missing", "not comparable", "inconclusive", "different", "new", "faster", "better",
    "same",
]  # fmt: skip
Outcome = Literal["breached", "kept", "undecided", ""]
Pair = tuple[Subject | None, Subject | None]
WORST_FIRST: Final[tuple[Verdict, ...]] = get_args(Verdict)
CHANGED: Final = tuple(verdict for verdict in WORST_FIRST if verdict not in ("same", "inconclusive", "not comparable"))
OF_TIME: Final = ("examples/s", "/s", "s", "ms", "TFLOP/s")  # units: faster and slower; others: better and worse
NEED_STEADY_LAPS: Final = (*BY_LAPS, "examples_per_joule")
MANY = 1000  # processes or seeds: nobody means more
ROUNDING = 1e-9  # a limit that is just reached is kept


@dataclass(frozen=True)
class Row:
    """One metric of one recipe, measured on one side and on BASE; without a metric, how its trials ended.

    side: the name of the new side. measured: budget, or mode and batch size, and what tells it from others of the same.
    base, new: mean of errors, geometric mean of speeds, in the metric's unit; NaN where there is none.
    why: the reason of a verdict that is no answer. outcome: what became of the limit, empty where there is none.
    """

    side: str
    recipe: str
    measured: str
    metric: Metric | None = None
    verdict: Verdict = "same"
    why: str = ""
    base: float = math.nan
    new: float = math.nan
    difference: Difference | None = None
    limit: Limit | None = None
    outcome: Outcome = ""

    @property
    def name(self) -> str:
        """The metric's name; `trials` for a row without one."""
        return self.metric.name if self.metric else "trials"

    @property
    def worse_by(self) -> float:
        """How much worse, in the metric's own direction: a share for speeds, else in its unit; NaN if unknown."""
        return max(_worse_by(self, self.difference.estimate.value)) if self.difference else math.nan

    @property
    def told(self) -> str:
        """The difference in words: `examples_per_second x1.050`, `test_error_percent +0.6 points`."""
        if self.difference is None or self.metric is None:
            return self.name
        value = self.difference.estimate.value
        change = f"x{value:.3f}" if self.difference.is_ratio else f"{value:+.3g} {self.metric.difference_unit}".rstrip()
        return f"{self.name} {change}"


@dataclass(frozen=True)
class Turns:
    """Laps that both sides took in turns.

    pairs: by clock, of processes, each with logarithms of new / base in speed, by block.
    alpha: what a p has to be below. minutes: how long was measured.
    """

    pairs: Mapping[str, Sequence[Sequence[float]]]
    alpha: float
    minutes: float

    def difference(self, metric: Metric, practical: float) -> Difference:
        """In a metric of BY_LAPS."""
        pairs = [[metric.better * block for block in blocks] for blocks in self.pairs[BY_LAPS[metric.name]]]
        return turns.difference(pairs, self.alpha, practical)

    def needed(self, difference: Difference, margin: float) -> float:
        """About how many minutes of measuring would decide."""
        return self.minutes * difference.needed(margin) / difference.estimate.n


@dataclass(frozen=True)
class Choice:
    """What the user wants compared: which metrics (the usual ones if none), which limits on them, ignoring what.

    turns: what speeds are compared by, if both sides took turns.
    """

    metrics: Sequence[str] = ()
    limits: Sequence[Limit] = ()
    across: Collection[str] = ()
    turns: Turns | None = None

    def of(self, recipe: str, measured: Collection[str]) -> list[str]:
        """The metrics to show of those measured; the training error only where there is no test error."""
        usual = [name for name in metrics.DEFAULT if name in measured]
        if "test_error_percent" in usual and "train_error_percent" in usual:
            usual.remove("train_error_percent")
        limited = [limit.metric for limit in self.limits if limit.recipe in ("", recipe)]
        return [name for name in dict.fromkeys([*(self.metrics or usual), *limited]) if name in measured]


def compare(
    base: pd.DataFrame | list[Subject], new: pd.DataFrame, side: str, choice: Choice
) -> tuple[list[Row], list[str]]:
    """The rows of one new side against the base, or the past; and notes on the differences that were ignored."""
    sides = [("BASE", base if isinstance(base, list) else subjects(base)), (side, subjects(new))]
    paired = pairs(sides[0][1], sides[1][1], choice.across)
    headings = labels([subject for pair in paired if (subject := pair[0] or pair[1])])
    rows: list[Row] = []
    for pair, (recipe, measured) in zip(paired, headings, strict=True):
        rows += _rows(pair, Row(side, recipe, measured), choice)
    return rows, [*_looked_past(paired, choice.across), *_older_notes(sides), *_identity_notes(sides)]


def joint(rows: Sequence[Row]) -> list[str]:
    """A line for each recipe that got faster but worse, or better but slower."""
    lines = []
    for key in dict.fromkeys((row.side, row.recipe) for row in rows):
        side_rows = [row for row in rows if (row.side, row.recipe) == key]
        for gain, loss, kind in (("faster", "worse", "error"), ("better", "slower", "speed")):
            won = [row for row in side_rows if row.verdict == gain and row.metric and row.metric.kind != kind]
            lost = [row for row in side_rows if row.verdict == loss and row.metric and row.metric.kind == kind]
            if won and lost:
                lines.append(f"{key[1]}: {gain}, but {loss}: {won[0].told}, {', '.join(row.told for row in lost)}.")
    return lines


def _rows(pair: Pair, blank: Row, choice: Choice) -> Iterator[Row]:
    base, new = pair
    if new and new.failures:
        yield replace(blank, verdict="failed", why=_fates(new.failures))
    names = choice.of(blank.recipe, [*(base.metrics if base else ()), *(new.metrics if new else ())])
    for name in names:
        row = replace(blank, metric=metrics.metric(name), limit=limits.choose(choice.limits, blank.recipe, name))
        row = _compared(base, new, row, metrics.metric(name), choice)
        yield replace(row, outcome=_outcome(row))
    if not names and not (new and new.failures):
        side = new or base
        yield replace(blank, verdict="missing", why=_fates(side.attempts) if side else "")


def _compared(base: Subject | None, new: Subject | None, row: Row, metric: Metric, choice: Choice) -> Row:
    """The row with its verdict."""
    base_values, new_values = (side.values(metric.name) if side else {} for side in (base, new))
    row = replace(row, base=_centre(metric, base_values), new=_centre(metric, new_values))
    if not (base and base_values):
        return replace(row, verdict="new", why=_fates(base.attempts) if base else "")
    if not (new and new_values):
        return replace(row, verdict="missing", why=_fates(new.attempts) if new else "")
    if why := _bar(base, new, metric, choice):
        return replace(row, verdict="not comparable", why=why)
    if choice.turns and metric.name in BY_LAPS:
        return _in_turns(choice.turns, row, metric)
    if metric.kind == "error":
        return _errors(base_values, new_values, row, metric)
    new_speeds = _processes(new, new_values)
    if isinstance(base, Past):
        return _among_commits(list(base_values.values()), new_speeds, row)
    return _speeds(_processes(base, base_values), new_speeds, row)


def _bar(base: Subject, new: Subject, metric: Metric, choice: Choice) -> str:
    """Why these two cannot be compared by this metric; empty if they can."""
    if barred := obstacles(mismatches(base, new), metric.kind, choice.across):
        past = ",".join(dict.fromkeys(mismatch.what for mismatch in barred))
        return f"{', '.join(mismatch.words for mismatch in barred)} (--across {past})"
    has_own_scatter = choice.turns or isinstance(base, Past)  # whose scatter tells how far to trust them
    needs_steady_laps = metric.name in NEED_STEADY_LAPS or metric.unit == "ms"
    if needs_steady_laps and not has_own_scatter and (base.unsteady or new.unsteady):
        sides = (("BASE", base), ("NEW", new))
        counts = [f"{side.unsteady} of {len(side.attempts)} in {name}" for name, side in sides if side.unsteady]
        return f"not steady: processes {', '.join(counts)}"
    base_values, new_values = base.values(metric.name), new.values(metric.name)
    if metric.kind == "error":
        return "" if base_values.keys() & new_values.keys() else "no seed is in both"
    return "" if min(*base_values.values(), *new_values.values()) > 0 else "a value is not above zero"


def _speeds(base: Sequence[float], new: Sequence[float], row: Row) -> Row:
    allowed = _allowed(row)
    change = difference.of_speeds(base, new, practical=min(PRACTICAL, allowed))
    return _with_verdict(replace(row, difference=change), change, allowed, "process", "processes")


def _among_commits(past: Sequence[float], new: Sequence[float], row: Row) -> Row:
    allowed = _allowed(row)
    change = difference.of_newest(past, new, min(PRACTICAL, allowed))
    row = _with_verdict(replace(row, difference=change), change, allowed, "commit", "commits")
    if row.verdict == "inconclusive" and change.estimate.n >= change.fewest:
        return replace(row, why="earlier commits scatter too much; measure longer, or with more processes")
    return row


def _in_turns(laps: Turns, row: Row, metric: Metric) -> Row:
    allowed = _allowed(row)
    change = laps.difference(metric, min(PRACTICAL, allowed))
    row = _with_verdict(replace(row, difference=change), change, allowed, "pair of processes", "pairs of processes")
    if row.verdict == "inconclusive" and change.estimate.n >= change.fewest:
        return replace(row, why=f"too noisy: about {laps.needed(change, allowed):.2g} minutes would tell")
    return row


def _errors(base: dict[int, float], new: dict[int, float], row: Row, metric: Metric) -> Row:
    shared = base.keys() & new.keys()  # the means shown are those of the difference shown
    base_values, new_values = ({seed: side[seed] for seed in shared} for side in (base, new))
    row = replace(row, base=_centre(metric, base_values), new=_centre(metric, new_values))
    change = difference.of_pairs(base_values, new_values)
    return _with_verdict(replace(row, difference=change), change, _allowed(row), "seed", "seeds")


def _allowed(row: Row) -> float:
    """How far from the base is still the same: the limit, or 5 % of the base."""
    limit = row.limit or Limit("", 100 * MARGIN, is_percent=True)
    return limit.allowed(row.metric, row.base) if row.metric else 0.0


def _with_verdict(row: Row, change: Difference, margin: float, unit: str, units: str) -> Row:
    if change.is_real:
        return replace(row, verdict=_direction(row))
    if change.is_same(margin):
        return replace(row, verdict="same")
    n, needed = change.estimate.n, change.needed(margin)
    a_side = " a side" if unit == "process" else ""
    count = f"more than {MANY:,}" if needed > MANY else str(needed)
    if n < change.fewest:
        why = f"{n} {unit if n == 1 else units}{a_side}, at least {count} are needed"
    else:
        why = f"too noisy: about {count} {units}{a_side} would tell"
    return replace(row, verdict="inconclusive", why=why)


def _direction(row: Row) -> Verdict:
    if row.metric is None or row.metric.better == NEITHER:
        return "different"
    if row.metric.unit in OF_TIME and row.metric.kind == "speed":
        return "slower" if row.worse_by > 0 else "faster"
    return "worse" if row.worse_by > 0 else "better"


def _worse_by(row: Row, *ends: float) -> list[float]:
    """How much worse the new side would be at each of these values of the difference."""
    sign = -(row.metric.better if row.metric and row.metric.better != NEITHER else BIGGER)
    neutral = 1 if row.difference and row.difference.is_ratio else 0
    return [sign * (end - neutral) for end in ends]


def _outcome(row: Row) -> Outcome:
    """What became of the limit: breached only if it is exceeded and the difference is real."""
    if row.limit is None:
        return ""
    if row.difference is None:
        return "undecided"
    allowed, change = _allowed(row) + ROUNDING, row.difference
    if change.is_real:
        return "breached" if row.worse_by > allowed else "kept"
    enough = change.estimate.n >= change.fewest and change.estimate.has_interval
    within = enough and max(_worse_by(row, change.estimate.low, change.estimate.high)) <= allowed
    return "kept" if change.identical or within else "undecided"


def _centre(metric: Metric, values: dict[int, float]) -> float:
    numbers = list(values.values())
    if metric.kind == "speed" and numbers and min(numbers) > 0:
        return math.exp(estimates.mean([math.log(value) for value in numbers]))
    return estimates.mean(numbers)


def _processes(subject: Subject, values: dict[int, float]) -> list[float]:
    """One value a process: seeds that took turns in one are not independent."""
    numbers = list(values.values())
    return [estimates.median(numbers)] if subject.shares_a_process else numbers


def _fates(attempts: Iterable[Attempt]) -> str:
    """How attempts ended that did not finish: `seed 0-2 killed: ...`."""
    from dlbench.records.groups import seed_range

    fates: dict[str, list[int]] = {}
    for attempt in attempts:
        if attempt.status != "finished":
            words = attempt.message.strip().partition("\n")[0][:120]
            fates.setdefault(": ".join(filter(None, [attempt.status, words])), []).append(attempt.replicate)
    return "; ".join(f"seed {seed_range(seeds)} {fate}" for fate, seeds in fates.items())


def _looked_past(paired: Sequence[Pair], across: Collection[str]) -> list[str]:
    """What differs between sides that were compared all the same, a line for each difference."""
    lines: dict[str, list[str]] = {}
    for base, new in paired:
        if not (base and new):
            continue
        kind: metrics.Kind = "error" if any(metrics.metric(name).kind == "error" for name in base.metrics) else "speed"
        differing = mismatches(base, new)
        if not obstacles(differing, kind, across):
            for mismatch in differing:
                lines.setdefault(_across_note(mismatch, across), []).append(base.recipe)
    return [f"{line}: {', '.join(dict.fromkeys(recipes))}." for line, recipes in lines.items()]


def _older_notes(sides: Sequence[tuple[str, Sequence[Subject]]]) -> list[str]:
    """A line for each side that holds runs of older code or data."""
    return [
        f"{side}: left out, because newer code or data of the same recipe is there: {count}."
        for side, subjects_of_side in sides
        if (count := sum(subject.older for subject in subjects_of_side))
    ]


def _identity_notes(sides: Sequence[tuple[str, Sequence[Subject]]]) -> list[str]:
    every = itertools.chain.from_iterable(subjects_of_side for _, subjects_of_side in sides)
    return grouping.identity_notes(subject.about["identity"] for subject in every)


def _across_note(mismatch: Mismatch, across: Collection[str]) -> str:
    whole = mismatch.what in (*across, *LOOKED_PAST)
    return f"Compared across {mismatch.words}" if whole else f"Errors, not speeds, compared across {mismatch.words}"
