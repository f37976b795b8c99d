"""Print one committed run of each learning rule, the quickest first: python tests/one_run_a_rule.py [RESULTS].

A rule whose runs all need data that are not on disk is named on standard error and left out.
"""

from __future__ import annotations

import sys
from pathlib import Path

import pandas as pd

from dlbench import parts
from dlbench.data import sources
from dlbench.records import store

RESULTS = Path(__file__).parents[1] / "results"


def chosen(results: Path = RESULTS) -> dict[str, Path]:
    """Rule -> the run that took least, of those whose data are here; rules in that order."""
    runs = store.load(results)
    runs = runs[runs["status"].isin(store.DONE) & (runs["device"] == "cpu")]
    runs = runs.assign(rule=[recipe["training"]["name"] for recipe in runs["recipe_json"]])
    runs = runs[runs["rule"].isin(parts.names("training"))]
    here = runs[[has_data(recipe) for recipe in runs["recipe_json"]]]
    for rule in sorted(set(runs["rule"]) - set(here["rule"])):
        print(f"{rule}: left out, its data are not on disk", file=sys.stderr)
    quickest: pd.DataFrame = here.sort_values("wall_seconds", kind="stable").drop_duplicates("rule")
    return {rule: Path(path) for rule, path in zip(quickest["rule"], quickest["path"], strict=True)}


def has_data(recipe: dict) -> bool:
    data = {key: value for key, value in recipe["data"].items() if key != "name"}
    name = sources.read_for(recipe["data"]["name"], data)
    return name not in sources.DATASETS or bool(sources.available(name))


if __name__ == "__main__":
    print(*chosen(*map(Path, sys.argv[1:])).values(), sep="\n")
