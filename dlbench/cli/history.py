"""The verb `history`: measurements kept by commit and machine, and what became of them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from dlbench import streams
from dlbench.cli.options import Output
from dlbench.errors import InputError

if TYPE_CHECKING:
    from dlbench.judge.history import Track

Folder = Annotated[Path, typer.Option("--history", metavar="FOLDER", help="Where it is kept: a folder to commit.")]
Metrics = Annotated[list[str] | None, typer.Option("--metric", help="This instead of the usual; repeatable.")]

app = typer.Typer(help="Measurements kept by commit and machine: trends, and where they changed.", no_args_is_help=True)


@app.command()
def add(
    results: Annotated[Path, typer.Argument(help="A results folder, a pack, a file of either, or an exported JSON.")],
    history: Folder = Path("history"),
    commit: Annotated[
        str, typer.Option(help="What was measured: a commit or, where there is no git, a name. HEAD if left out.")
    ] = "",
) -> None:
    """Keep measurements as those of a commit: what is kept already is not added again."""
    from dlbench.judge import history as kept
    from dlbench.judge import measurements
    from dlbench.records import commits

    measured = commits.current(commit, history)
    frame = measurements.load(results)
    streams.warn(frame.attrs["warnings"])
    frame = frame[frame["value"].notna()]
    if frame.empty:
        raise InputError(f"{results}: holds nothing to keep; `dlbench time` or `dlbench run` measures something")
    if measured.is_dirty:
        streams.warn([f"files differ from commit {measured.name[:8]}: what was measured is kept as {measured.short}"])
    for path, count in kept.add(history, frame, measured):
        print(f"{path}: {count} value{'s' if count != 1 else ''} added" if count else f"{path}: nothing new")


@app.command()
def show(history: Folder = Path("history"), metric: Metrics = None) -> None:
    """Show, machine by machine, what was measured at how many commits, and where it changed."""
    from dlbench.report import formats
    from dlbench.report import history as report

    tracks = _tracks(history)
    formats.show("tables", report.tables(tracks, report.chosen(tracks, metric or [])))


@app.command()
def page(
    history: Folder = Path("history"),
    metric: Metrics = None,
    link: Annotated[
        str | None,
        typer.Option(metavar="URL", help="Of a commit, with {commit} in it; that of the remote `origin` if left out."),
    ] = None,
    output: Output = Path("history.html"),
) -> None:
    """Write a page of trends: one file, which opens offline and asks no server for anything."""
    from dlbench.records import commits
    from dlbench.report import formats
    from dlbench.report import history as report

    if link and not (link.startswith(("https://", "http://")) and "{commit}" in link):
        raise InputError(
            f"--link {link}: write an address with {{commit}} in it, such as https://host/me/it/commit/{{commit}}"
        )
    tracks = _tracks(history)
    address = commits.address() if link is None else link
    made = report.document("Trends by commit", tracks, report.chosen(tracks, metric or []), address)
    formats.show("document", made, "html", output)
    if output is not None and output != formats.STANDARD_OUTPUT:
        print(output)


def _tracks(folder: Path) -> list[Track]:
    from dlbench.judge import history

    return history.tracks(history.load(folder))
