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
from dlbench.records import raw_files
from dlbench.report import formats
from dlbench.report.formats import STANDARD_OUTPUT, is_stream

Places = Mapping[str, Path | None]
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
) -> None:
    """Export measurements for CI dashboards, spreadsheets, or a later compare."""
    from dlbench.judge import measurements

    check({format: output})
    frame = measurements.load(results)
    streams.warn(frame.attrs["warnings"])
    if not len(frame):
        raise InputError(f"{results}: holds no measurements; `dlbench run NAME --out {results}` makes them")
    formats.show("measurements", frame, format, output)


def check(places: Places) -> None:
    """Raise InputError, before anything is measured, for a place that cannot be written."""
    wanted = [place for place in places.values() if place is not None]
    for place in wanted:
        if wanted.count(place) > 1:
            raise InputError(f"{place}: two exports cannot go there; name another file for one of them")
        if place != STANDARD_OUTPUT and not _may_write(place):
            raise InputError(f"{place}: cannot be written; name a file in a folder that is there and can be written")


def after_run(paths: Sequence[Path], places: Places) -> None:
    """Write the runs in these files, whatever became of them, to the places."""
    from dlbench.judge import measurements

    there = list(raw_files.at(paths))
    if there and any(places.values()):
        frame = measurements.of_files(there, [])
        streams.warn(frame.attrs["warnings"])
        for format, place in places.items():
            if place is not None:
                formats.show("measurements", frame, format, place)


def _may_write(place: Path) -> bool:
    if is_stream(place):
        return os.access(place, os.W_OK) and not place.is_dir()
    target = place.resolve()
    return not target.is_dir() and os.access(target.parent, os.W_OK | os.X_OK)
