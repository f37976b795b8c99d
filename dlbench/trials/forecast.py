"""How long trials will take here, from runs that are there: of this machine if there are any, else of others."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from dlbench.reading import duration
from dlbench.records import store
from dlbench.stats.estimates import median
from dlbench.trials.plan import Trial


@dataclass(frozen=True)
class Forecast:
    """Expected seconds of one trial; is_here: whether runs of this machine say so."""

    seconds: float
    is_here: bool


def from_runs(folder: Path) -> Callable[[Trial], Forecast | None]:
    """Foretell a trial by the median run of its recipe and budget on its kind of device; None if there is none."""
    runs = store.load(folder) if folder.is_dir() else None
    finished = runs[runs["status"].isin(store.DONE)] if runs is not None else None
    if finished is None or finished.empty:
        return lambda trial: None
    finished = finished.dropna(subset=["wall_seconds"]).assign(kind=finished["device"].str.partition(":")[0])
    by_work = dict(list(finished.groupby(["recipe", "budget", "kind"])))

    def expected(trial: Trial) -> Forecast | None:
        kind = trial.execution.device.partition(":")[0]
        alike = by_work.get((trial.recipe.name, trial.recipe.budget, kind))
        if alike is None:
            return None
        here = alike[alike["fingerprint"] == trial.fingerprint]
        chosen = here if len(here) else alike
        return Forecast(median(chosen["wall_seconds"].tolist()), is_here=bool(len(here)))

    return expected


def words(expected: Forecast | None) -> str:
    """`about 3 min`, with `elsewhere` where another machine says so; how long is unknown without any run."""
    if expected is None:
        return "how long is unknown"
    return f"about {duration(expected.seconds)}" + ("" if expected.is_here else " elsewhere")


def total(expected: Iterable[Forecast | None], jobs: int) -> str:
    """The sum over all trials that can be foretold, so many at once, and how many cannot."""
    known, unknown = 0.0, 0
    for one in expected:
        known, unknown = (known + one.seconds, unknown) if one else (known, unknown + 1)
    parts = [f"about {duration(known / jobs)}"] if known else []
    parts += [f"{unknown} of which nobody knows how long they take"] if unknown else []
    return " and ".join(parts)
