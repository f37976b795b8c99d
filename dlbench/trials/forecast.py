"""How long trials will take here, from runs that are there: of this machine if there are any, else of others."""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from dlbench.reading import duration
from dlbench.records import store
from dlbench.stats.estimates import median
from dlbench.trials.plan import Trial

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class Forecast:
    """Expected seconds of one trial; is_here: whether runs of this machine say so; budget: of these, if another."""

    seconds: float
    is_here: bool
    budget: str = ""


def from_runs(folder: Path) -> Callable[[Trial], Forecast | None]:
    """Foretell a trial by the median run of its recipe and budget on its kind of device.

    Without such a run, by the speed of the recipe at another budget and the examples that training will see: scores
    and a rule that does not go through its examples at one speed are not in it. None without either.
    """
    runs = store.load(folder) if folder.is_dir() else None
    finished = runs[runs["status"].isin(store.DONE)] if runs is not None else None
    if finished is None or finished.empty:
        return lambda trial: None
    sizes = _sizes(finished)
    finished = finished.dropna(subset=["wall_seconds"]).assign(kind=finished["device"].str.partition(":")[0])
    by_recipe = dict(list(finished.groupby(["recipe", "kind"])))

    def expected(trial: Trial) -> Forecast | None:
        recipe, kind = trial.recipe, trial.execution.device.partition(":")[0]
        runs = by_recipe.get((recipe.name, kind))
        if runs is None:
            return None
        alike = _here(runs[runs["budget"] == recipe.budget], trial)
        if len(alike):
            return Forecast(median(alike["wall_seconds"].tolist()), _is_here(alike, trial))
        others = _here(runs.dropna(subset=["examples_per_second"]), trial)
        examples = recipe.examples(sizes.get(recipe.data.name))
        if others.empty or examples is None:
            return None
        newest = others.sort_values("started").iloc[-1]["budget"]
        speeds = others.loc[others["budget"] == newest, "examples_per_second"]
        return Forecast(examples / median(speeds.tolist()), _is_here(others, trial), newest)

    return expected


def _sizes(runs: pd.DataFrame) -> dict[str, int]:
    """Data set -> its training examples, of those that a run took whole."""
    data = runs["recipe_json"].map(lambda kept: kept["data"])
    whole = ~data.map(lambda part: "train_examples" in part)
    return dict(zip(data[whole].map(lambda part: part["name"]), runs.loc[whole, "train_examples"], strict=True))


def _here(runs: pd.DataFrame, trial: Trial) -> pd.DataFrame:
    """Those of the trial's own machine, if there are any; else all."""
    own = runs[runs["fingerprint"] == trial.fingerprint]
    return own if len(own) else runs


def _is_here(runs: pd.DataFrame, trial: Trial) -> bool:
    return bool((runs["fingerprint"] == trial.fingerprint).all())


def words(expected: Forecast | None) -> str:
    """`about 3 min`, with `elsewhere` where another machine says so; how long is unknown without any run."""
    if expected is None:
        return "how long is unknown"
    scaled = f" by the speed at {expected.budget}" if expected.budget else ""
    return f"about {duration(expected.seconds)}{scaled}" + ("" if expected.is_here else " elsewhere")


def total(expected: Iterable[Forecast | None], jobs: int) -> str:
    """How long all trials take that can be foretold, so many at once, and how many cannot."""
    trials = list(expected)
    known = [one.seconds for one in trials if one]
    unknown = len(trials) - len(known)
    parts = [f"about {duration(makespan(known, jobs))}"] if known else []
    parts += [f"{unknown} of which nobody knows how long they take"] if unknown else []
    return " and ".join(parts)


def makespan(seconds: Iterable[float], workers: int) -> float:
    """When the last of these trials ends if each, in order, goes to the first worker that is free (Graham 1966)."""
    free = [0.0] * workers
    for one in seconds:
        heapq.heapreplace(free, free[0] + one)
    return max(free)
