"""The process in which kept weights are scored: it builds data and model, and sends one Score, or why there is none."""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path
from typing import Any

from dlbench.errors import InputError
from dlbench.records.events import Event, Failed, Refused, Score
from dlbench.spec import mapping
from dlbench.trials import foreign, plan, switches, weights
from dlbench.trials.workers import channel


def main() -> None:
    """Do the job on standard input: a trial, the file of its weights, and their mapping if others published them."""
    job, tell = channel.job()
    try:
        tell(_score(job))
    except InputError as error:
        tell(Refused(str(error)))
    except Exception as error:
        tell(Failed(f"{type(error).__name__}: {error}".partition("\n")[0]))


def _score(job: dict[str, Any]) -> Event:
    """The final score, on all examples of each split."""
    trial = plan.from_dict(job["trial"])
    alone = replace(trial.execution, processes=1)  # as scores always are
    built = switches.build([replace(trial, execution=alone, recipe=replace(trial.recipe, together=False))])
    file = Path(job["weights"])
    if job["mapping"] is None:
        weights.load(built.model, file)
    else:
        foreigners = mapping.from_dict(job["mapping"], "mapping")
        foreign.load(built.model, file, foreigners)
        built.data = foreign.prepared(built.data, foreigners.pixels) if foreigners.pixels else built.data
    began = time.perf_counter()
    [metrics] = built.scores(None)
    return Score(0, True, None, metrics, time.perf_counter() - began)


if __name__ == "__main__":
    channel.run(main)
