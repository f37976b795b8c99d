"""The verb `evaluate`: a run and the weights beside it -> a worker that scores them -> recorded beside measured."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from dlbench import exits, parts, reading, streams
from dlbench.cli import options
from dlbench.errors import InputError
from dlbench.records.events import Failed, Refused, Score
from dlbench.report import formats
from dlbench.spec.recipe import Part
from dlbench.trials import replay, weights
from dlbench.trials.launchers import local
from dlbench.trials.plan import Trial
from dlbench.trials.replay import Recorded

WORKER = "dlbench.trials.workers.evaluations"
WHOLE = 2**62  # steps: more than any run has


def evaluate(
    run: Annotated[Path, typer.Argument(metavar="RUN", help="A run file whose weights were kept.")],
    weights_file: Annotated[
        Path | None, typer.Option("--weights", help="Take these; those beside the run if left out.")
    ] = None,
    data: Annotated[str | None, typer.Option(help="Score on other data, such as {name: mnist, size: 32}.")] = None,
    device: Annotated[str | None, typer.Option(help="Score there; on the run's own device if left out.")] = None,
    threads: Annotated[int | None, typer.Option(min=1, help="CPU threads; the run's own number if left out.")] = None,
    as_json: options.Json = False,
) -> int:
    """Score the weights of a run that kept them, and compare with what the run recorded.

    Exit codes: 0 the same or on other data, libraries or another machine, 1 a difference, 2 something to mend in the
    call, 3 the evaluation failed.
    """
    from dlbench.report.table import Table

    weights.check_installed()
    recorded = replay.read(run, WHOLE, device, threads)
    if data is not None:
        recorded = replace(recorded, trial=_on(recorded, data))
    score = _scored(recorded, weights_file or weights.path(run))
    if isinstance(score, Failed):
        streams.say(f"{run}: failed: {score.message}")
        return exits.FAILED
    before = {} if data is not None else _final(recorded)
    rows = [{"metric": name, "recorded": before.get(name), "here": value} for name, value in score.metrics.items()]
    differ = [name for name, value in score.metrics.items() if before.get(name, value) != value]
    changes = [f"On {data}, not on the run's own data."] if data is not None else list(recorded.changes)
    notes = [*changes, *(["Different from the record: " + ", ".join(differ) + "."] if differ else [])]
    table = Table.of(f"Weights of {run.name}", rows, notes, ["metric"])
    formats.show("tables", [table], "json" if as_json else "terminal")
    return exits.REGRESSION if differ and not changes else exits.FINE


def _on(recorded: Recorded, data: str) -> Trial:
    """The trial with another data set, checked."""
    given = reading.parse(data, "--data")
    arguments = dict(given) if isinstance(given, dict) else {"name": given}
    name = arguments.pop("name", None)
    if not isinstance(name, str):
        raise InputError(f"--data {data}: write a name, or a mapping such as {{name: mnist, size: 32}}")
    recipe = replace(recorded.trial.recipe, data=Part(name, arguments))
    parts.check(recipe)
    return replace(recorded.trial, recipe=recipe)


def _final(recorded: Recorded) -> Mapping[str, float]:
    """The final score that the run recorded."""
    final = [event for event in recorded.events if isinstance(event, Score) and event.final]
    if not final:
        raise InputError(f"{recorded.path}: has not finished: there is no final score to compare with")
    return final[-1].metrics


def _scored(recorded: Recorded, file: Path) -> Score | Failed:
    """What a worker measures with these weights; InputError if it refuses them."""
    job = {"trial": recorded.trial.as_dict(), "weights": str(file.absolute())}
    event, *_ = local.answers(WORKER, job, recorded.trial.execution.threads)
    if isinstance(event, Refused):
        raise InputError(event.message)
    assert isinstance(event, Score | Failed)
    return event
