"""The verb `export`, and what `run --export-...` writes: measurements as files for other programs."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from dlbench import exits, streams
from dlbench.cli.options import MeasurementsName
from dlbench.errors import InputError
from dlbench.reading import near
from dlbench.records import raw_files
from dlbench.records.events import Failed, Refused, Score
from dlbench.report import formats, trackers
from dlbench.report.formats import STANDARD_OUTPUT, is_stream
from dlbench.spec.execution import Execution

MODEL = "onnx"  # a target as trackers are, but for a model
EXPORTS = "dlbench.trials.workers.exports"

Targets = Mapping[str, Path | None]
"""Format -> the file it goes to, `-` for standard output, None for nowhere."""


def export(
    results: Annotated[
        Path, typer.Argument(help="A results folder, a pack, a run file, a timing file, or an exported JSON.")
    ] = Path("results"),
    format: Annotated[
        MeasurementsName,
        typer.Option("--format", help="bencher and benchmark-action-...: for dashboards; json: for compare."),
    ] = "json",
    output: Annotated[Path | None, typer.Option("-o", "--output", help="Write to this file instead.")] = None,
    to: Annotated[
        tuple[str, str] | None,
        typer.Option(
            metavar="TARGET PLACE",
            help="Add finished runs with their curves to a tracker: tensorboard FOLDER, mlflow URI, wandb FOLDER. "
            "Or the model of one run that kept its weights: onnx FILE.",
        ),
    ] = None,
) -> int:
    """Export measurements for CI dashboards, spreadsheets, trackers, or a later compare.

    Exit codes: 0 fine, 2 something to mend in the call, 3 a model failed, or says something else as an ONNX file.
    """
    from dlbench.judge import measurements

    if to is not None and to[0] == MODEL:
        return _export_model(results, Path(to[1]))
    if to is not None:
        _track(results, *to)
        return exits.FINE
    check({format: output})
    frame = measurements.load(results)
    streams.warn(frame.attrs["warnings"])
    if not len(frame):
        raise InputError(f"{results}: holds no measurements; `dlbench run NAME --out {results}` makes them")
    formats.show("measurements", frame, format, output)
    return exits.FINE


def _export_model(run: Path, file: Path) -> int:
    """Write the model of a run as an ONNX file, once a process has compared the answers of both."""
    from dlbench.trials import onnx, replay, weights
    from dlbench.trials.launchers import local

    onnx.version(f"--to {MODEL}")
    weights.check_installed()
    check({MODEL: file})
    recorded = replay.read(run, 0, "cpu")
    trial = replace(recorded.trial, execution=Execution("cpu", recorded.trial.execution.threads))
    job = {"trial": trial.as_dict(), "weights": str(weights.path(run).absolute()), "file": str(file.absolute())}
    event, *_ = local.answers(EXPORTS, job, trial.execution.threads)
    if isinstance(event, Refused):
        raise InputError(event.message)
    if isinstance(event, Failed):
        streams.say(f"{run}: failed: {event.message}")
        return exits.FAILED
    assert isinstance(event, Score)
    apart = f"at most {event.metrics['difference']:.1g} away from torch's on {event.examples_per_split} test examples"
    print(f"{file}: {trial.recipe.name}, with the weights of {run.name}; its outputs are {apart}")
    return exits.FINE


def _track(results: Path, tracker: str, place: str) -> None:
    """Add the finished runs to a tracker, and say how many were not there yet."""
    from dlbench.records import groups, store

    targets = (*trackers.names(), MODEL)
    if tracker not in targets:
        raise InputError(f"--to {tracker}: no such target{near(tracker, targets)}; there are {', '.join(targets)}")
    frame = store.load(results)
    streams.warn(frame.attrs["warnings"])
    known = groups.groups(frame)
    count = sum(len(group.runs) for group in known)
    if not count:
        raise InputError(f"{results}: holds no finished runs; `dlbench run NAME --out {results}` makes them")
    added = sum(1 for _ in trackers.write(tracker, trackers.histories(known), place))
    print(
        f"{tracker} {place}: {added} of {count} finished runs added"
        + (", the others were there" if added < count else "")
    )


def check(targets: Targets) -> None:
    """Raise InputError, before anything is measured, for a file that cannot be written."""
    named = [target for target in targets.values() if target is not None]
    for target in named:
        if named.count(target) > 1:
            raise InputError(f"{target}: two exports cannot go there; name another file for one of them")
        if target != STANDARD_OUTPUT and not _may_write(target):
            raise InputError(f"{target}: cannot be written; name a file in a folder that is there and can be written")


def after_run(paths: Sequence[Path], targets: Targets) -> None:
    """Write the runs in these files, finished or not, to the targets."""
    from dlbench.judge import measurements

    files = list(raw_files.at(paths))
    if files and any(targets.values()):
        frame = measurements.of_files(files, [])
        streams.warn(frame.attrs["warnings"])
        for format, target in targets.items():
            if target is not None:
                formats.show("measurements", frame, format, target)


def _may_write(path: Path) -> bool:
    if is_stream(path):
        return os.access(path, os.W_OK) and not path.is_dir()
    real_path = path.resolve()
    return not real_path.is_dir() and os.access(real_path.parent, os.W_OK | os.X_OK)
