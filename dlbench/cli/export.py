"""The verb `export`, and what `run --export-...` writes: measurements as files for other programs."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated

import typer

from dlbench import streams
from dlbench.cli.options import MeasurementsName
from dlbench.errors import InputError
from dlbench.reading import near
from dlbench.records import raw_files
from dlbench.report import formats, trackers
from dlbench.report.formats import STANDARD_OUTPUT, is_stream

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
            metavar="TRACKER PLACE",
            help="Add finished runs with their curves to a tracker: tensorboard FOLDER, mlflow URI, wandb FOLDER.",
        ),
    ] = None,
) -> None:
    """Export measurements for CI dashboards, spreadsheets, trackers, or a later compare."""
    from dlbench.judge import measurements

    if to is not None:
        _track(results, *to)
        return
    check({format: output})
    frame = measurements.load(results)
    streams.warn(frame.attrs["warnings"])
    if not len(frame):
        raise InputError(f"{results}: holds no measurements; `dlbench run NAME --out {results}` makes them")
    formats.show("measurements", frame, format, output)


def _track(results: Path, tracker: str, place: str) -> None:
    """Add the finished runs to a tracker, and say how many were not there yet."""
    from dlbench.records import groups, store

    if tracker not in trackers.names():
        raise InputError(
            f"--to {tracker}: no such tracker{near(tracker, trackers.names())}; there are {', '.join(trackers.names())}"
        )
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
