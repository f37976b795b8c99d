"""The verb `export`, and what `run --export-...` writes: measurements as files for other programs."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from dlbench.cli.options import Export
from dlbench.errors import InputError
from dlbench.reading import near
from dlbench.records import grouping, raw_files
from dlbench.records.raw_files import RawFile
from dlbench.writing import replacing

if TYPE_CHECKING:
    import pandas as pd

FORMATS: Final = ("bencher", "benchmark-action-bigger", "benchmark-action-smaller", "json", "csv", "markdown")
STANDARD_OUTPUT: Final = Path("-")
Places = Mapping[str, Path | None]
"""Format -> the file it goes to, `-` for standard output, None for nowhere."""


def export(
    results: Annotated[
        Path, typer.Argument(help="A results folder, a pack, a run file, a timing file, or an exported JSON.")
    ] = Path("results"),
    format: Annotated[
        Export, typer.Option("--format", help="bencher and benchmark-action-...: for dashboards; json: for compare.")
    ] = "json",
    output: Annotated[Path | None, typer.Option("-o", "--output", help="Write to this file instead.")] = None,
) -> None:
    """Export measurements for CI dashboards, spreadsheets, or a later compare."""
    from dlbench.judge import measurements

    place = output or STANDARD_OUTPUT
    check({format: place})
    frame = measurements.load(results)
    for warning in frame.attrs["warnings"]:
        print(f"dlbench: {warning}", file=sys.stderr)
    if not len(frame):
        raise InputError(f"{results}: holds no measurements; `dlbench run NAME --out {results}` makes them")
    write(text(frame, format), place)


def check(places: Places) -> None:
    """Raise InputError, before anything is measured, for a format that is none and a place that cannot be written."""
    wanted = [place for place in places.values() if place is not None]
    for format, place in places.items():
        if format not in FORMATS:
            raise InputError(f"--format {format}: unknown{near(format, FORMATS)}; one of {', '.join(FORMATS)}")
        if place is None:
            continue
        if wanted.count(place) > 1:
            raise InputError(f"{place}: two exports cannot go there; name another file for one of them")
        if place != STANDARD_OUTPUT and not _may_write(place):
            raise InputError(f"{place}: cannot be written; name a file in a folder that is there and can be written")


def after_run(paths: Sequence[Path], places: Places) -> None:
    """Write the runs in these files, whatever became of them, to the places."""
    there = list(raw_files.at(paths))
    if there and any(places.values()):
        frame = _of_runs(there)
        for format, place in places.items():
            if place is not None:
                write(text(frame, format), place)


def text(frame: pd.DataFrame, format: str) -> str:
    """The frame of `measurements.load` in one of FORMATS."""
    from dlbench.judge import measurements
    from dlbench.report.formats import dashboards

    if format == "json":
        return measurements.to_json(frame)
    if format in ("csv", "markdown"):
        return _csv(frame) if format == "csv" else _markdown(frame)
    return str(getattr(dashboards, format.replace("-", "_"))(frame))


def write(content: str, place: Path) -> None:
    """Put the text in a file, all of it or none; or on standard output, for `-`. InputError if that fails."""
    if place == STANDARD_OUTPUT:
        sys.stdout.write(content)
        return
    if _is_stream(place):
        _append(content, place)
        return
    try:
        with replacing(place.resolve()) as file:
            file.write(content.encode())
    except OSError as error:
        raise InputError(f"{place}: cannot be written ({error.strerror})") from None


def _append(content: str, place: Path) -> None:
    try:
        with place.open("a", encoding="utf-8") as stream:
            stream.write(content)
    except OSError as error:
        raise InputError(f"{place}: cannot be written ({error.strerror})") from None


def _is_stream(place: Path) -> bool:
    """A named pipe, or the likes of /dev/stderr, even where that is a file at the moment: not to be replaced."""
    return str(place).startswith(("/dev/", "/proc/")) or (place.exists() and not place.is_file())


def _may_write(place: Path) -> bool:
    if _is_stream(place):
        return os.access(place, os.W_OK) and not place.is_dir()
    target = place.resolve()
    return not target.is_dir() and os.access(target.parent, os.W_OK | os.X_OK)


def _of_runs(files: Sequence[RawFile]) -> pd.DataFrame:
    from dlbench.judge import measurements

    frame = measurements.of_files(files, [])
    for warning in frame.attrs["warnings"]:
        print(f"dlbench: {warning}", file=sys.stderr)
    return frame


def _csv(frame: pd.DataFrame) -> str:
    """One row a value; without the recipe, which is no cell of a spreadsheet."""
    return str(frame.drop(columns="recipe_json").to_csv(index=False, lineterminator="\n"))


def _markdown(frame: pd.DataFrame) -> str:
    """One row a benchmark, with the mean and deviation of its metrics."""
    from dlbench.judge import metrics
    from dlbench.report.formats import dashboards
    from dlbench.report.formats.markdown import markdown
    from dlbench.report.table import Table
    from dlbench.stats.estimates import Measure

    found = dashboards.series(frame)
    usual = {each.benchmark for each in found if each.metric.name in metrics.DEFAULT}
    rows: dict[str, dict[str, Any]] = {each.benchmark: {"benchmark": each.benchmark} for each in found}
    for each in found:
        if each.metric.name in metrics.DEFAULT or each.benchmark not in usual:
            rows[each.benchmark][each.metric.name] = Measure.of(each.values)
    machines = {(str(each.row["machine"]), str(each.row["torch"])) for each in found}
    notes = ["Mean, standard deviation where there are several values, and their number."]
    notes += [f"Measured on {machine}, torch {torch}." for machine, torch in sorted(machines)]
    notes += grouping.identity_notes(str(each.row["identity"]) for each in found)
    return markdown([Table.of("Measurements", list(rows.values()), notes)])
