"""The verb `evaluate`: a run and the weights beside it -> a worker that scores them -> recorded beside measured."""

from __future__ import annotations

from collections.abc import Mapping as Mapped
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any

import typer

from dlbench import exits, parts, reading, streams
from dlbench.cli import options
from dlbench.errors import InputError
from dlbench.records.events import Failed, Refused, Score
from dlbench.report import formats
from dlbench.spec import mapping as mappings
from dlbench.spec.mapping import Mapping
from dlbench.spec.recipe import Part
from dlbench.trials import plan, replay, weights
from dlbench.trials.launchers import local
from dlbench.trials.plan import Trial
from dlbench.trials.replay import Recorded

WORKER = "dlbench.trials.workers.evaluations"
RUN_FILE = ".jsonl"
WHOLE = 2**62  # steps: more than any run has


def evaluate(
    what: Annotated[
        str,
        typer.Argument(metavar="RUN|RECIPE", help="A run file whose weights were kept, or a recipe."),
    ],
    weights_file: Annotated[
        Path | None, typer.Option("--weights", help="Take these; those beside the run if left out.")
    ] = None,
    mapping: Annotated[
        str | None,
        typer.Option(metavar="NAME|FILE", help="How names and channels of published weights become a recipe's."),
    ] = None,
    data: Annotated[str | None, typer.Option(help="Score on other data, such as {name: mnist, size: 32}.")] = None,
    device: Annotated[str | None, typer.Option(help="Score there; on the run's own device if left out.")] = None,
    threads: Annotated[int | None, typer.Option(min=1, help="CPU threads; the run's own number if left out.")] = None,
    as_json: options.Json = False,
) -> int:
    """Score the weights of a run that kept them, or weights that others published, on a recipe's own model.

    Those of a run must give what it recorded. Others are scored in full precision, and compared with nothing.

    Exit codes: 0 the same or on other data, libraries or another machine, 1 a difference, 2 something to mend in the
    call, 3 the evaluation failed.
    """
    if not what.endswith(RUN_FILE):
        return _evaluate_published(what, weights_file, mapping, data, device or "auto", threads, as_json)
    if mapping is not None:
        raise InputError("--mapping: for weights that others published; name a recipe instead of a run")
    run = Path(what)
    weights.check_installed()
    recorded = replay.read(run, WHOLE, device, threads)
    trial = recorded.trial if data is None else _on(recorded.trial, data)
    score = _scored(trial, weights_file or weights.path(run), None)
    if isinstance(score, Failed):
        return _failed(run, score)
    before = {} if data is not None else _final(recorded)
    rows = [{"metric": name, "recorded": before.get(name), "here": value} for name, value in score.metrics.items()]
    differ = [name for name, value in score.metrics.items() if before.get(name, value) != value]
    changes = [f"On {data}, not on the run's own data."] if data is not None else list(recorded.changes)
    notes = [*changes, *(["Different from the record: " + ", ".join(differ) + "."] if differ else [])]
    _show(f"Weights of {run.name}", rows, notes, as_json)
    return exits.REGRESSION if differ and not changes else exits.FINE


def _evaluate_published(
    name: str, file: Path | None, mapping: str | None, data: str | None, device: str, threads: int | None, as_json: bool
) -> int:
    """Score weights from anywhere on a recipe's model and data, in full precision, and compare with nothing."""
    if file is None:
        raise InputError(f"{name}: is no run file, which ends in {RUN_FILE}; with a recipe, --weights FILE is needed")
    if file.suffix == weights.ENDING:
        weights.check_installed()
    foreigners = mappings.load(mapping) if mapping is not None else Mapping()
    trials = plan.trials([name], device=device, seeds=[0], budget="full", precision="fp32", threads=threads)
    if len(trials) > 1:
        raise InputError(f"{name}: is a study; name one of its recipes")
    trial = trials[0] if data is None else _on(trials[0], data)
    score = _scored(trial, file, foreigners)
    if isinstance(score, Failed):
        return _failed(file, score)
    notes = [f"By the mapping {mapping}: {foreigners.title or mapping}."] if mapping is not None else []
    notes += [f"Source: {foreigners.source}."] if foreigners.source else []
    rows = [{"metric": metric, "here": value} for metric, value in score.metrics.items()]
    _show(f"Weights of {file.name} as {trial.recipe.name}", rows, notes, as_json)
    return exits.FINE


def _show(title: str, rows: Sequence[Mapped[str, Any]], notes: Sequence[str], as_json: bool) -> None:
    from dlbench.report.table import Table

    table = Table.of(title, rows, notes, ["metric"])
    formats.show("tables", [table], "json" if as_json else "terminal")


def _failed(about: Path, event: Failed) -> int:
    streams.say(f"{about}: failed: {event.message}")
    return exits.FAILED


def _on(trial: Trial, data: str) -> Trial:
    """The trial with another data set, checked."""
    given = reading.parse(data, "--data")
    arguments = dict(given) if isinstance(given, dict) else {"name": given}
    name = arguments.pop("name", None)
    if not isinstance(name, str):
        raise InputError(f"--data {data}: write a name, or a mapping such as {{name: mnist, size: 32}}")
    recipe = replace(trial.recipe, data=Part(name, arguments))
    parts.check(recipe)
    return replace(trial, recipe=recipe)


def _final(recorded: Recorded) -> Mapped[str, float]:
    """The final score that the run recorded."""
    final = [event for event in recorded.events if isinstance(event, Score) and event.final]
    if not final:
        raise InputError(f"{recorded.path}: has not finished: there is no final score to compare with")
    return final[-1].metrics


def _scored(trial: Trial, file: Path, mapping: Mapping | None) -> Score | Failed:
    """What a worker measures with these weights; InputError if it refuses them."""
    foreigners = mapping and mapping.as_dict()
    job = {"trial": trial.as_dict(), "weights": str(file.absolute()), "mapping": foreigners}
    event, *_ = local.answers(WORKER, job, trial.execution.threads)
    if isinstance(event, Refused):
        raise InputError(event.message)
    assert isinstance(event, Score | Failed)
    return event
