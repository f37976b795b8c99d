"""The verb `baseline`: measurements kept under a name, to compare later ones with."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from dlbench import streams
from dlbench.errors import InputError
from dlbench.reading import near
from dlbench.report import formats
from dlbench.writing import replacing

if TYPE_CHECKING:
    import pandas as pd

FOLDER: Final = "baselines"  # under the results folder
NAME: Final = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,99}", re.ASCII)
Name = Annotated[str, typer.Argument(metavar="NAME", help="Letters, digits, '.', '_' and '-'.")]
Results = Annotated[Path, typer.Option(help="The results folder that holds the baselines.")]

app = typer.Typer(help="Measurements kept under a name, to compare later ones with.", no_args_is_help=True)


@app.command()
def save(
    name: Name,
    results: Results = Path("results"),
    force: Annotated[bool, typer.Option("--force", help="Overwrite one of that name.")] = False,
) -> None:
    """Keep a copy of all measurements in the results folder."""
    from dlbench.judge import measurements

    target = path(name, results)
    if target.exists() and not force:
        raise InputError(f"baseline {name}: exists already; --force overwrites it, `dlbench baseline rm` removes it")
    frame = measurements.load(results)
    streams.warn(frame.attrs["warnings"])
    if frame.empty:
        raise InputError(f"{results}: holds no runs to keep; `dlbench run` or `dlbench time` makes them")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with replacing(target) as file:
            file.write(measurements.to_json(frame).encode())
    except OSError as error:
        raise InputError(f"{target}: cannot be written ({error.strerror})") from None
    print(f"{target}: {_size(frame)}")


@app.command("list")
def list_(results: Results = Path("results")) -> None:
    """List the baselines."""
    from dlbench.judge import measurements
    from dlbench.report.table import Table

    rows = [{"baseline": name} | _about(measurements.load(path(name, results))) for name in names(results)]
    if rows:
        formats.show("tables", [Table.of(f"Baselines in {results / FOLDER}", rows)])
    else:
        print(f"no baselines in {results / FOLDER}; `dlbench baseline save NAME` makes one")


@app.command()
def show(name: Name, results: Results = Path("results")) -> None:
    """Show what a baseline holds."""
    from dlbench.judge import measurements
    from dlbench.judge.series import labels, subjects
    from dlbench.report.table import Table
    from dlbench.stats.estimates import Measure

    contents = subjects(measurements.load(existing(name, results)))
    rows: list[dict[str, Any]] = [
        {"recipe": recipe, "measured": measured, "metric": metric, "value": Measure.of(list(values.values()))}
        for (recipe, measured), subject in zip(labels(contents), contents, strict=True)
        for metric in subject.metrics
        if (values := subject.values(metric))
    ]
    table = Table.of(f"Baseline {name}", rows, ["Mean ± sd over seeds or processes."], ("recipe", "measured", "metric"))
    formats.show("tables", [table])


@app.command()
def rm(name: Name, results: Results = Path("results")) -> None:
    """Remove a baseline."""
    target = existing(name, results)
    try:
        target.unlink()
    except OSError as error:
        raise InputError(f"{target}: cannot be removed ({error.strerror})") from None


def names(results: Path) -> list[str]:
    """The names of the baselines in a results folder."""
    return sorted(file.stem for file in (results / FOLDER).glob("*.json") if NAME.fullmatch(file.stem))


def path(name: str, results: Path) -> Path:
    """Where the baseline of that name lies or would lie; InputError for a name that is none."""
    if not NAME.fullmatch(name):
        raise InputError(
            f"baseline {name!r}: a name has letters, digits, '.', '_' and '-', and begins with neither '.' nor '-'"
        )
    return results / FOLDER / f"{name}.json"


def existing(name: str, results: Path) -> Path:
    """The file of a baseline; InputError with the near miss if there is none."""
    file = path(name, results)
    if not file.is_file():
        saved = names(results)
        hint = f"; here: {', '.join(saved)}" if saved else "; `dlbench baseline save NAME` makes one"
        raise InputError(f"no baseline '{name}' in {results / FOLDER}{near(name, saved)}{hint}")
    return file


def _about(frame: pd.DataFrame) -> dict[str, Any]:
    """What tells one baseline from another."""
    return {
        "recipes": frame["recipe"].nunique(),
        "runs": frame["path"].nunique(),
        "newest": max(frame["started"], default=""),
        "torch": ", ".join(sorted(set(frame["torch"]))),
        "machine": "; ".join(sorted(set(frame["machine"]))),
    }


def _size(frame: pd.DataFrame) -> str:
    about = _about(frame)
    recipes = f"{about['recipes']} recipe{'s' if about['recipes'] != 1 else ''}"
    return f"{len(frame)} values of {about['runs']} runs and timings, {recipes}"
